#!lua
-- Puts outages back as the archive knows them, without logging them again.
--
-- KEYS  1 lease  2 epoch  3 outages  4 finals
-- ARGV  1 the lease as held  2 KEEP ms
--       then for each: id, rank, '' or when it is forgotten (ms), JSON

local K, A, call = KEYS, ARGV, redis.call
if call('GET', K[1]) ~= A[1] then return redis.error_reply('-FENCED the lease is lost') end
if call('EXISTS', K[2]) == 1 then return redis.error_reply('-FENCED the partition has been rebuilt already') end

for at = 3, #A, 4 do
  local id, rank, forget = A[at], A[at + 1], A[at + 2]
  local old = call('HGET', K[3], id)
  if not old or string.sub(old, 1, 40) < rank then
    call('HSET', K[3], id, rank .. A[at + 3])
    if forget ~= '' then call('ZADD', K[4], forget, id) else call('ZREM', K[4], id) end
  end
end
call('PEXPIRE', K[3], A[2])
call('PEXPIRE', K[4], A[2])
return 1
