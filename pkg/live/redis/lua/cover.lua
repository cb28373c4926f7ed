#!lua
-- Logs that sources are listening in this minute, once a source and minute.
--
-- KEYS  1 epoch  2 log  3 log:end  4 log:start  then for each source: covered
-- ARGV  1 the payload for the log  2 ttl of the marks, ms  3 KEEPLOG ms

local K, call = KEYS, redis.call
local epoch = call('GET', K[1])
if not epoch then return redis.error_reply('-REBUILDING the partition has no epoch') end
local letters = {}
for i = 5, #K do
  letters[#letters + 1] = call('SET', K[i], '1', 'PX', ARGV[2], 'NX') and 'c' or 'i'
end
letters = table.concat(letters)
if not string.find(letters, 'c', 1, true) then return 0 end
append_log(K[2], K[3], K[4], ARGV[3], epoch, ARGV[1], letters)
return 1
