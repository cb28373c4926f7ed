#!lua
-- Gives a rebuilt partition its epoch: from here on it counts. Its fence
-- passes the archive's in the same step.
--
-- KEYS  1 lease  2 epoch  3 fence
-- ARGV  1 the lease as held  2 the new epoch  3 KEEP ms  4 owner  5 the archive's highest fence
--
-- Returns the fence from here on.

local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('-FENCED the lease is lost') end
if call('EXISTS', KEYS[2]) == 1 then return redis.error_reply('-FENCED the partition has been rebuilt already') end
call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
local fence = call('GET', KEYS[3])
if tonumber(fence) <= tonumber(ARGV[5]) then
  call('SET', KEYS[3], ARGV[5])
  call('INCR', KEYS[3])
  fence = call('GET', KEYS[3])
  call('SET', KEYS[1], fence .. '|' .. ARGV[4], 'KEEPTTL')
end
return fence
