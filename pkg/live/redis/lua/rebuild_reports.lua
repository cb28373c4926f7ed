#!lua
-- Puts back what is known of single reports: markers, receipts, seats, evidence.
--
-- KEYS  1 lease  2 epoch  then one for each item
-- ARGV  1 the lease as held  2 evidence cap  then for each item four: kind, ttl ms, and
--       'm' marker or receipt: the value, ''
--       's' seat:              time, reporter
--       'e' evidence:          member, ''

local K, A, call = KEYS, ARGV, redis.call
if call('GET', K[1]) ~= A[1] then return redis.error_reply('-FENCED the lease is lost') end
if call('EXISTS', K[2]) == 1 then return redis.error_reply('-FENCED the partition has been rebuilt already') end

local cap = tonumber(A[2])
for at = 3, #K do
  local key, arg = K[at], 4 * at - 9
  local kind, ttl, value = A[arg], A[arg + 1], A[arg + 2]
  if kind == 'm' then
    call('SET', key, value, 'PX', ttl)
  elseif kind == 's' then
    call('ZADD', key, value, A[arg + 3])
    if call('PTTL', key) < tonumber(ttl) then call('PEXPIRE', key, ttl) end
  elseif call('SCARD', key) < cap and call('SADD', key, value) == 1 then
    call('PEXPIRE', key, ttl)
  end
end
return 1
