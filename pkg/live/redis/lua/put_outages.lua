#!lua flags=allow-oom
-- Stores outages that supersede what is there, and logs them.
--
-- KEYS  1 lease  2 epoch  3 outages  4 finals  5 log  6 log:end  7 log:start
-- ARGV  1 the lease as held  2 now, ms  3 when a final outage is forgotten, ms
--       4 KEEP ms  5 KEEPLOG ms  6 the payload for the log
--       then for each change: id, rank (fence and revision, 20 digits each), '1' if final, JSON
-- An outage is stored as its rank and its JSON.
--
-- Returns one letter a change: c stored, i ignored.

local K, A, call = KEYS, ARGV, redis.call
if call('GET', K[1]) ~= A[1] then return redis.error_reply('-FENCED the lease is lost') end
local epoch = call('GET', K[2])
if not epoch then return redis.error_reply('-REBUILDING the partition has no epoch') end

for _, id in ipairs(call('ZRANGE', K[4], '-inf', A[2], 'BYSCORE')) do
  call('HDEL', K[3], id)
  call('ZREM', K[4], id)
end

local letters = {}
for at = 7, #A, 4 do
  local id, rank, final, json = A[at], A[at + 1], A[at + 2], A[at + 3]
  local old = call('HGET', K[3], id)
  if old and string.sub(old, 1, 40) >= rank then
    letters[#letters + 1] = 'i'
  else
    letters[#letters + 1] = 'c'
    call('HSET', K[3], id, rank .. json)
    if final == '1' then call('ZADD', K[4], A[3], id) else call('ZREM', K[4], id) end
  end
end
call('PEXPIRE', K[3], A[4])
call('PEXPIRE', K[4], A[4])

letters = table.concat(letters)
if string.find(letters, 'c', 1, true) then
  append_log(K[5], K[6], K[7], A[5], epoch, A[6], letters)
end
return letters
