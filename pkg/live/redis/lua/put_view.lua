#!lua flags=allow-oom
-- Publishes what the owner sees, and forgets final outages whose day is over.
--
-- KEYS  1 lease  2 view  3 outages  4 finals
-- ARGV  1 the lease as held  2 the view, JSON  3 its ttl ms  4 now, ms

local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('-FENCED the lease is lost') end
call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
for _, id in ipairs(call('ZRANGE', KEYS[4], '-inf', ARGV[4], 'BYSCORE')) do
  call('HDEL', KEYS[3], id)
  call('ZREM', KEYS[4], id)
end
return 1
