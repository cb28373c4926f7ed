#!lua
-- Decides, counts and logs one batch of reports of one partition, or nothing.
--
-- KEYS  1 epoch  2 log  3 log:end  4 log:start  5 seq  6 changed  7 hours
--       8 recent  9 recent:0  10 recent:1  11 full, of this hour
--       then for each cell (a series in an hour): counts, evidence
--       then for each service: countries
--       then for each report with a seat: its seat, and its previous seat if it has another
-- ARGV  1 now, microseconds, 13 hexadecimal digits
--       2 now, microseconds  3 now less DEDUPE: what is forgotten  4 the same an hour earlier
--       5 reports  6 cells  7 services  8 groups (a country's series in a minute)
--       9 sums (a whole service in a minute)
--      10 report records, 24 bytes each: flags 1, group 2, digest 4, origin 12, network 4, source 1
--      11 group records, 6 bytes each, the sums' last: cell 2, sum 2, minute 2 digits
--      12 the service of each cell, 2 bytes
--      13 this hour  14 the oldest hour kept
--      15 the payload for the log
--      16 DEDUPE ms  17 KEEP ms  18 KEEPLOG ms  19 evidence cap  20 seats an address
--      21 how long a half of what is recent takes entries, microseconds  22 KEEPRECENT ms
--      then for each cell: its series
--      then for each report: the fields of its id and its marker
--      then for each report with a previous identity: the fields of that id and marker
-- A marker is the time of its report; a receipt is its time, outcome 1, digest 4, series.
--
-- Returns outcomes (one letter a report: c counted, d duplicate, o too old,
-- r replayed, p replayed under the previous identity, x conflict), the log's
-- size in bytes, and for each r and p the first receipt.

local K, A, call = KEYS, ARGV, redis.call
local sub, byte = string.sub, string.byte

local epoch = call('GET', K[1])
if not epoch then return redis.error_reply('-REBUILDING the partition has no epoch') end

local now, now_us, edge = A[1], tonumber(A[2]), tonumber(A[3])
local n, cells, services = tonumber(A[5]), tonumber(A[6]), tonumber(A[7])
local groups, sums = tonumber(A[8]), tonumber(A[9])
local records, group_records, cell_services = A[10], A[11], A[12]
local dedupe_ttl, keep_ttl, log_ttl = A[16], A[17], A[18]
local cap, seats = tonumber(A[19]), tonumber(A[20])

local cell_keys, cell_series = 11, 22
local service_keys = cell_keys + 2 * cells
local next_seat = service_keys + services + 1
local fields = cell_series + cells
local next_before = fields + 2 * n + 1

local TOO_OLD, PREVIOUS, SEAT, PREVIOUS_SEAT = 1, 2, 4, 8
local NO_DIGEST, NO_ORIGIN, NO_NETWORK = string.rep('\0', 4), string.rep('\0', 12), string.rep('\0', 4)

-- What a group is about, read once.
local cell_of, sum_of, series_of = {}, {}, {}
for g = 1, groups + sums do
  local c1, c2, s1, s2 = byte(group_records, g * 6 - 5, g * 6 - 2)
  cell_of[g], sum_of[g] = c1 * 256 + c2, groups + s1 * 256 + s2
  series_of[g] = A[cell_series + cell_of[g]]
end

-- Markers and receipts are fields of two hashes. One takes new entries until it
-- is old enough; then the other is emptied and takes its place, so that an
-- entry is found for DEDUPE at least. One read of each finds all that the batch
-- may meet, and one write adds what it leaves.
local half, state = '0', call('GET', K[8])
if state then half = sub(state, 1, 1) end
if not state or now_us - tonumber(sub(state, 2), 16) >= tonumber(A[21]) then
  if state then half = half == '0' and '1' or '0' end
  call('SET', K[8], half .. now, 'PX', A[22])
  if state then call('UNLINK', K[9 + tonumber(half)]) end
end
local newer, older = K[9], K[10]
if half == '1' then newer, older = older, newer end

local memory, written, last_written = {}, {}, 0
local function recall(key)
  if call('EXISTS', key) == 0 then return end
  local found = call('HMGET', key, unpack(A, fields + 1))
  for i = 1, #found do
    if found[i] then memory[A[fields + i]] = found[i] end
  end
end
recall(older)
recall(newer)

local function remember(field, value)
  memory[field] = value
  written[last_written + 1], written[last_written + 2] = field, value
  last_written = last_written + 2
end

-- Whether a field is remembered holds for 60 minutes by the caller's clock.
local function alive(field)
  local value = memory[field]
  return value and tonumber(sub(value, 1, 13), 16) > edge and value
end

-- Whether an address has given away its seats, counting yesterday's name for it.
local function full(seat, previous)
  call('ZREMRANGEBYSCORE', seat, '-inf', A[4])
  local used = call('ZCOUNT', seat, '(' .. A[3], '+inf')
  if previous then used = used + call('ZCOUNT', previous, '(' .. A[3], '+inf') end
  return used >= seats
end

-- Decides a report, and returns the first receipt if it was recorded before.
local function decide(id, marker, flags)
  local id_before, marker_before, seat, seat_before
  if flags ~= 0 then
    if bit.band(flags, PREVIOUS) ~= 0 then
      id_before, marker_before = A[next_before], A[next_before + 1]
      next_before = next_before + 2
    end
    if bit.band(flags, SEAT) ~= 0 then seat = K[next_seat]; next_seat = next_seat + 1 end
    if bit.band(flags, PREVIOUS_SEAT) ~= 0 then seat_before = K[next_seat]; next_seat = next_seat + 1 end
  end

  local first = alive(id)
  if first then return 'r', first end
  first = id_before and alive(id_before)
  if first then return 'p', first end
  if bit.band(flags, TOO_OLD) ~= 0 then return 'o' end
  if alive(marker) or marker_before and alive(marker_before) then return 'd' end
  if seat then
    if full(seat, seat_before) then return 'd' end
    call('ZADD', seat, A[2], sub(marker, 2, 13))
    call('PEXPIRE', seat, dedupe_ttl)
  end
  return 'c'
end

-- Evidence of the cells that have room: cell -> members to add, each once. A
-- note of those that have none spares most batches a look at each.
local room, gathered = {}, {}
if cells > 0 and call('EXISTS', K[11]) == 1 then
  local names = {}
  for cell = 1, cells do names[cell] = K[cell_keys + 2 * cell] end
  local is_full = call('SMISMEMBER', K[11], unpack(names))
  for cell = 1, cells do
    if is_full[cell] == 1 then room[cell] = 0 end
  end
end
local function gather(cell, base)
  local free = room[cell]
  if free == nil then
    free = cap - call('SCARD', K[cell_keys + 2 * cell])
    room[cell] = free
  end
  if free <= 0 then return end
  local members = gathered[cell]
  if not members then members = {}; gathered[cell] = members end
  local function add(member)
    if not members[member] then members[member] = true; members[#members + 1] = member end
  end
  local origin, network = sub(records, base + 8, base + 19), sub(records, base + 20, base + 23)
  add('s' .. sub(records, base + 24, base + 24))
  if origin ~= NO_ORIGIN then add('o' .. origin) end
  if network ~= NO_NETWORK then add('n' .. network) end
end

local outcomes, answers, found = {}, {}, {}
for i = 1, n do
  local base = (i - 1) * 24
  local flags, hi, lo = byte(records, base + 1, base + 3)
  local g = hi * 256 + lo
  local id, marker = A[fields + 2 * i - 1], A[fields + 2 * i]
  local digest = sub(records, base + 4, base + 7)
  local outcome, first = 'c', nil
  if flags ~= 0 or memory[id] or memory[marker] then
    outcome, first = decide(id, marker, flags)
  end
  if first then
    local answered = sub(first, 15, 18)
    if digest ~= answered and digest ~= NO_DIGEST and answered ~= NO_DIGEST then
      outcome = 'x'
    else
      answers[#answers + 1] = first
    end
  else
    remember(id, now .. outcome .. digest .. series_of[g])
  end
  if outcome == 'c' then
    remember(marker, now)
    found[g] = (found[g] or 0) + 1
    local cell, sum_cell = cell_of[g], cell_of[sum_of[g]]
    if room[cell] ~= 0 then gather(cell, base) end
    if room[sum_cell] ~= 0 then gather(sum_cell, base) end
  end
  outcomes[i] = outcome
end
if last_written > 0 then
  call('HSET', newer, unpack(written))
  if call('PTTL', newer) < 0 then call('PEXPIRE', newer, A[22]) end
end

-- A cell's first count starts its life, and makes its series known.
local function begin(cell)
  local hi, lo = byte(cell_services, cell * 2 - 1, cell * 2)
  local countries = K[service_keys + hi * 256 + lo]
  call('PEXPIRE', K[cell_keys + 2 * cell - 1], keep_ttl)
  call('SADD', countries, string.match(A[cell_series + cell], '[^/]*$'))
  call('PEXPIRE', countries, keep_ttl)
end

-- Counts: the countries' groups come first and add up to the sums.
local moved, touched = {}, {}
for g = 1, groups + sums do
  local add = found[g]
  if add then
    local cell = cell_of[g]
    local counts = K[cell_keys + 2 * cell - 1]
    local minute = sub(group_records, g * 6 - 1, g * 6)
    if call('HINCRBY', counts, minute, add) == add and call('HLEN', counts) == 1 then begin(cell) end
    if not touched[cell] then touched[cell] = true; moved[#moved + 1] = cell end
    if g <= groups then found[sum_of[g]] = (found[sum_of[g]] or 0) + add end
  end
end

for cell, members in pairs(gathered) do
  local key, free = K[cell_keys + 2 * cell], room[cell]
  local fresh = free == cap
  if #members <= free then
    free = free - call('SADD', key, unpack(members))
  else
    for _, member in ipairs(members) do
      free = free - call('SADD', key, member)
      if free <= 0 then break end
    end
  end
  if fresh then call('PEXPIRE', key, keep_ttl) end
  if free <= 0 and call('SADD', K[11], key) == 1 then call('PEXPIRE', K[11], A[22]) end
end

-- What was last moved before the oldest hour kept is no longer listed. Nothing
-- is cut that any kept hour may still need, whatever the callers' clocks say.
local function prune()
  local hours, low = call('HGETALL', K[7]), nil
  for at = 1, #hours, 2 do
    if tonumber(hours[at]) < tonumber(A[14]) then
      call('HDEL', K[7], hours[at])
    elseif not low or tonumber(hours[at + 1]) < tonumber(low) then
      low = hours[at + 1]
    end
  end
  call('ZREMRANGEBYSCORE', K[6], '-inf', '(' .. low)
  for key = 5, 7 do call('PEXPIRE', K[key], keep_ttl) end
end

if #moved > 0 then
  local last, scored = call('INCRBY', K[5], #moved) - #moved, {}
  for at, cell in ipairs(moved) do
    scored[2 * at - 1] = string.format('%.0f', last + at)
    scored[2 * at] = A[cell_series + cell]
  end
  call('ZADD', K[6], unpack(scored))
  if last == 0 then
    -- A long member for a moment makes Redis index the set from now on. Its form
    -- for small sets is searched from the beginning for each series.
    call('ZADD', K[6], '0', string.rep('-', 65))
    call('ZREM', K[6], string.rep('-', 65))
  end
  if call('HSETNX', K[7], A[13], scored[1]) == 1 then prune() end
end

-- A batch of nothing new leaves no entry.
local letters = table.concat(outcomes)
local log_size
if string.find(letters, '[cdo]') then
  log_size = append_log(K[2], K[3], K[4], log_ttl, epoch, A[15], letters)
else
  log_size = tonumber(call('GET', K[3]) or 0) - tonumber(call('GET', K[4]) or 0)
end
return {letters, log_size, unpack(answers)}
