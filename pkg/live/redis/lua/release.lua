#!lua flags=allow-oom
-- Gives a partition back, if it is still held.
--
-- KEYS  1 lease
-- ARGV  1 the lease as held

if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
