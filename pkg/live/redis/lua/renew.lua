#!lua flags=allow-oom
-- Keeps a partition, and with it what lives as long as it is owned.
--
-- KEYS  1 lease  2 epoch  3 outages  4 finals  5 log  6 log:end  7 log:start
-- ARGV  1 the lease as held  2 the epoch that it was taken in, or ""  3 ttl ms  4 KEEP ms  5 KEEPLOG ms

local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('-FENCED the lease is lost') end
if ARGV[2] ~= '' and call('GET', KEYS[2]) ~= ARGV[2] then
  return redis.error_reply('-FENCED the partition has lost its epoch')
end
call('PEXPIRE', KEYS[1], ARGV[3])

-- Seldom, so that renewing stays one write. The log's three keys go together.
local function prolong(lead, ttl, ...)
  local left = call('PTTL', lead)
  if left == -2 or left > tonumber(ttl) / 2 then return end
  for _, key in ipairs({lead, ...}) do call('PEXPIRE', key, ttl) end
end
prolong(KEYS[2], ARGV[4])
prolong(KEYS[3], ARGV[4])
prolong(KEYS[4], ARGV[4])
prolong(KEYS[5], ARGV[5], KEYS[6], KEYS[7])
return 1
