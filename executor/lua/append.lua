-- Appends events to the logs of generations and tells every process that watches them. Each batch is taken only if it
-- continues its log and its writer still has the right to: the attempt that it began with, or no attempt at all for
-- what an API process writes. So a late worker, and the slower of two writers, change nothing.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 entries that an inbox keeps, 2 ttl ms of an inbox, then for each batch: id, attempt ("" = any),
--         first number, how many, events (a JSON array), end ("" = none; else the state), ttl ms (with an end)
-- Returns a list: for each batch "ok", "cancel:<why>" (taken, and somebody asked to stop) or "refused". A batch that is the
-- last of its log already is "ok": its answer was lost, and it was sent again.
local base = KEYS[1]
local answers, inboxes, ended = {}, {}, {}
for at = 3, #ARGV, 7 do
  local id, attempt, first, count = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local events, ending = ARGV[at + 4], ARGV[at + 5]
  local record, field = base .. 'r:' .. id, 'e' .. ARGV[at + 2]
  local known = redis.call('HMGET', record, 'state', 'seq', 'attempt', 'cancel', 'queue', 'watch')
  local open = known[1] == 'queued' or known[1] == 'running'
  local ours = attempt == '' or attempt == known[3]
  if not open or not ours or tonumber(known[2]) + 1 ~= first then
    local again = ours and tonumber(known[2] or 0) == first + count - 1 and redis.call('HGET', record, field) == events
    answers[#answers + 1] = again and 'ok' or 'refused'
  else
    local seq = first + count - 1
    if ending == '' then
      redis.call('HSET', record, 'seq', seq, field, events)
    else
      redis.call('HSET', record, 'seq', seq, field, events, 'state', ending, 'watch', '')
      redis.call('PEXPIRE', record, ARGV[at + 6])
      local line = ended[known[5]]
      if not line then
        line = {}
        ended[known[5]] = line
      end
      line[#line + 1] = id
    end
    for watcher in string.gmatch(known[6] or '', '%S+') do
      local entry = inboxes[watcher]
      if not entry then
        entry = {}
        inboxes[watcher] = entry
      end
      entry[#entry + 1] = id
      entry[#entry + 1] = events
    end
    answers[#answers + 1] = known[4] and 'cancel:' .. known[4] or 'ok'
  end
end
for queue, line in pairs(ended) do redis.call('ZREM', base .. 'o:' .. queue, unpack(line)) end
for watcher, entry in pairs(inboxes) do
  local inbox = base .. 'in:' .. watcher
  redis.call('XADD', inbox, 'MAXLEN', '~', ARGV[1], '*', unpack(entry))
  redis.call('PEXPIRE', inbox, ARGV[2])
end
return answers
