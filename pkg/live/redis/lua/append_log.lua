-- Appends an entry to a partition's log. Its position is the number of bytes
-- ever written to it, so that the log's size is a difference.
--
-- Anybody else who writes to the stream without naming an id (XADD log * ...)
-- leaves one far above these, and Redis takes no smaller one ever after. Then
-- the positions go on from there, and the beginning moves along, so that the
-- size stays what it was.
--
-- Returns the log's size in bytes.
local function append_log(log, log_end, log_start, ttl, epoch, payload, letters)
  local call, text = redis.call, '%.0f'
  local size = #payload + #letters + 64
  local start, stop = tonumber(call('GET', log_start) or 0), call('INCRBY', log_end, size)
  local first = stop == size
  local function add(run)
    return run('XADD', log, string.format(text, stop) .. '-0', 'e', epoch, 'p', payload, 'o', letters)
  end
  local answer = add(redis.pcall)
  if type(answer) == 'table' and answer.err then
    local stream, top = call('XINFO', 'STREAM', log), nil
    for at = 1, #stream, 2 do
      if stream[at] == 'last-generated-id' then top = tonumber(string.match(stream[at + 1], '^%d+')) end
    end
    if top > 2 ^ 53 - size then add(call) end -- fails: no number of ours is greater
    start, stop = top - math.max(stop - size - start, 0), top + size
    call('SET', log_end, string.format(text, stop), 'PX', ttl)
    call('SET', log_start, string.format(text, start), 'PX', ttl)
    add(call)
  end
  if first then
    call('PEXPIRE', log_end, ttl)
    call('PEXPIRE', log, ttl)
  end
  return stop - start
end
