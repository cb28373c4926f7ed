#!lua
-- Sets counts from the archive. A series is listed before it is counted, so
-- that whoever begins again finds what to remove.
--
-- KEYS  1 lease  2 epoch  3 seq  4 changed  5 hours  then for each cell: counts, countries
-- ARGV  1 the lease as held  2 KEEP ms  then for each cell: series, country, hour,
--       how many arguments follow for it, minute and count in turn

local K, A, call = KEYS, ARGV, redis.call
if call('GET', K[1]) ~= A[1] then return redis.error_reply('-FENCED the lease is lost') end
if call('EXISTS', K[2]) == 1 then return redis.error_reply('-FENCED the partition has been rebuilt already') end

local at = 3
for key = 6, #K, 2 do
  local series, country, hour, size = A[at], A[at + 1], A[at + 2], tonumber(A[at + 3])
  call('INCR', K[3])
  local seq = call('GET', K[3])
  call('ZADD', K[4], seq, series)
  call('HSETNX', K[5], hour, seq)
  call('HSET', K[key], unpack(A, at + 4, at + 3 + size))
  call('PEXPIRE', K[key], A[2])
  call('SADD', K[key + 1], country)
  call('PEXPIRE', K[key + 1], A[2])
  at = at + 4 + size
end
for key = 3, 5 do call('PEXPIRE', K[key], A[2]) end
return 1
