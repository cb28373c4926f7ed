#!lua flags=allow-oom
-- Takes a partition, unless another owner's lease runs.
--
-- KEYS  1 lease  2 fence  3 epoch
-- ARGV  1 owner  2 ttl ms
--
-- Returns nothing if it is taken, else the new fence and the epoch ("" if there is none).

local held = redis.call('GET', KEYS[1])
if held and string.sub(held, string.find(held, '|', 1, true) + 1) ~= ARGV[1] then return false end
redis.call('INCR', KEYS[2])
local fence = redis.call('GET', KEYS[2])
redis.call('SET', KEYS[1], fence .. '|' .. ARGV[1], 'PX', ARGV[2])
return {fence, redis.call('GET', KEYS[3]) or ''}
