#!lua
-- Removes the counts and evidence of series that an interrupted rebuild, or a
-- life whose epoch ran out, has left behind.
--
-- KEYS  1 lease  2 epoch  3 changed  then full, and counts and evidence of the series, of each hour
-- ARGV  1 the lease as held  then the series

local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('-FENCED the lease is lost') end
if call('EXISTS', KEYS[2]) == 1 then return redis.error_reply('-FENCED the partition has been rebuilt already') end
for at = 4, #KEYS do call('UNLINK', KEYS[at]) end
for at = 2, #ARGV do call('ZREM', KEYS[3], ARGV[at]) end
return 1
