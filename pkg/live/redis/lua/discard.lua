#!lua flags=allow-oom
-- Takes a partition's epoch away: it does not count until it has been rebuilt.
--
-- KEYS  1 lease  2 epoch
-- ARGV  1 the lease as held

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('-FENCED the lease is lost') end
return redis.call('DEL', KEYS[2])
