#!lua
-- Logs that sources are listening in this minute, once a source and minute.
--
-- KEYS  1 epoch  2 log  3 log:end  then for each source: covered
-- ARGV  1 the payload for the log  2 ttl of the marks, ms  3 KEEPLOG ms

local K, call = KEYS, redis.call
local epoch = call('GET', K[1])
if not epoch then return redis.error_reply('-REBUILDING the partition has no epoch') end
local letters = {}
for i = 4, #K do
  letters[#letters + 1] = call('SET', K[i], '1', 'PX', ARGV[2], 'NX') and 'c' or 'i'
end
letters = table.concat(letters)
if not string.find(letters, 'c', 1, true) then return 0 end
local size = #ARGV[1] + #letters + 64
local written = call('INCRBY', K[3], size)
call('XADD', K[2], string.format('%.0f', written) .. '-0', 'e', epoch, 'p', ARGV[1], 'o', letters)
if written == size then call('PEXPIRE', K[3], ARGV[3]); call('PEXPIRE', K[2], ARGV[3]) end
return 1
