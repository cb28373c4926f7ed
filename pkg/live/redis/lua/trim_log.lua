#!lua flags=allow-oom
-- Forgets the log up to an entry that the archive has committed.
--
-- KEYS  1 lease  2 log  3 log:start
-- ARGV  1 the lease as held  2 the entry's position  3 the position after it  4 the entry's epoch
-- An entry that is gone, or another life's, trims nothing: after a wipe the
-- positions start again, and what they name now may not be archived.

local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('-FENCED the lease is lost') end
local entry = call('XRANGE', KEYS[2], ARGV[2], ARGV[2])[1]
if not entry or entry[2][2] ~= ARGV[4] then return 0 end
local trimmed = call('XTRIM', KEYS[2], 'MINID', ARGV[3])
call('SET', KEYS[3], ARGV[2])
call('PEXPIRE', KEYS[3], call('PTTL', KEYS[2]))
return trimmed
