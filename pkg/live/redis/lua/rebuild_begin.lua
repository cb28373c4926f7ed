#!lua flags=no-writes
-- Tells whether a partition has to be rebuilt, and what a former life left.
--
-- KEYS  1 lease  2 epoch  3 changed
-- ARGV  1 the lease as held
--
-- Returns the epoch if there is one already, else "" and the series left behind.

local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('-FENCED the lease is lost') end
local epoch = call('GET', KEYS[2])
if epoch then return {epoch} end
return {'', unpack(call('ZRANGE', KEYS[3], 0, 3999))}
