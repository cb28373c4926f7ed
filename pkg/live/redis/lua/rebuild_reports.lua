#!lua
-- Puts back what is known of single reports: markers and receipts, seats, evidence.
--
-- KEYS  1 lease  2 epoch  3 recent  4 recent:0  5 recent:1  then one for each seat or evidence
-- ARGV  1 the lease as held  2 evidence cap  3 now, microseconds, 13 hexadecimal digits
--       4 KEEPRECENT ms  5 how many arguments of markers and receipts follow
--       then these, field and value in turn
--       then for each seat or evidence: kind, ttl ms, and
--       's' seat:     time, reporter
--       'e' evidence: member, ''

local K, A, call = KEYS, ARGV, redis.call
if call('GET', K[1]) ~= A[1] then return redis.error_reply('-FENCED the lease is lost') end
if call('EXISTS', K[2]) == 1 then return redis.error_reply('-FENCED the partition has been rebuilt already') end

local recent = tonumber(A[5])
if recent > 0 then
  call('SET', K[3], '0' .. A[3], 'PX', A[4], 'NX')
  local half = K[4 + tonumber(string.sub(call('GET', K[3]), 1, 1))]
  call('HSET', half, unpack(A, 6, 5 + recent))
  if call('PTTL', half) < 0 then call('PEXPIRE', half, A[4]) end
end

local cap, arg = tonumber(A[2]), 6 + recent
for at = 6, #K do
  local key, kind, ttl, value = K[at], A[arg], A[arg + 1], A[arg + 2]
  if kind == 's' then
    call('ZADD', key, value, A[arg + 3])
    if call('PTTL', key) < tonumber(ttl) then call('PEXPIRE', key, ttl) end
  elseif call('SCARD', key) < cap and call('SADD', key, value) == 1 then
    call('PEXPIRE', key, ttl)
  end
  arg = arg + 4
end
return 1
