#!lua flags=no-writes
-- Lists the series that changed after a sequence number, which is taken as 0
-- if the partition's life is younger than it.
--
-- KEYS  1 seq  2 changed
-- ARGV  1 after  2 limit
--
-- Returns where the list starts, then series and sequence number in turn.

local last, after = redis.call('GET', KEYS[1]) or '0', ARGV[1]
if tonumber(last) < tonumber(after) then after = '0' end
local list = redis.call('ZRANGE', KEYS[2], '(' .. after, '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
return {after, unpack(list)}
