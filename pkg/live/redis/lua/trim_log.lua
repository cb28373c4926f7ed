#!lua flags=allow-oom
-- Forgets the log up to an entry that the archive has committed.
--
-- KEYS  1 lease  2 log  3 log:start
-- ARGV  1 the lease as held  2 the entry's position  3 the position after it  4 the entry's epoch,
--       "" for one that nobody of ours has written
-- An entry that is gone, or another life's, trims nothing: after a wipe the
-- positions start again, and what they name now may not be archived.

local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('-FENCED the lease is lost') end
local found = false
for _, entry in ipairs(call('XRANGE', KEYS[2], ARGV[2], ARGV[2])) do
  local epoch = ''
  for at = 1, #entry[2], 2 do
    if entry[2][at] == 'e' then epoch = entry[2][at + 1] end
  end
  found = found or epoch == ARGV[4]
end
if not found then return 0 end
local trimmed = call('XTRIM', KEYS[2], 'MINID', ARGV[3])
-- The beginning may be ahead of an old entry: see append_log.
if tonumber(ARGV[2]) > tonumber(call('GET', KEYS[3]) or 0) then call('SET', KEYS[3], ARGV[2]) end
local ttl = call('PTTL', KEYS[2])
if ttl > 0 then call('PEXPIRE', KEYS[3], ttl) end
return trimmed
