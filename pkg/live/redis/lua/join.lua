#!lua flags=allow-oom
-- Says that a detector is there, and lists those that are.
--
-- KEYS  1 detectors
-- ARGV  1 owner  2 ttl ms
-- The time is the server's, as for every other expiry: the detectors' own
-- clocks need not agree.

local call = redis.call
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])
if call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then call('PEXPIRE', KEYS[1], ARGV[2]) end
return call('ZRANGE', KEYS[1], 0, -1)
