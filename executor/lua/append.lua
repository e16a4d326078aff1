-- Appends events to the logs of generations and tells every process that watches them. Each batch is taken only if it
-- continues its log and its writer still has the right to: the attempt that it began with, or the last one that began
-- for what an API process writes of a generation that nobody runs. So a late worker, and the slower of two writers,
-- change nothing.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 entries that a stream of notifications keeps, 2 ttl ms of such a stream, then for each batch: id, attempt
--         ("" = any), first number, how many, events (a JSON array), end, ttl ms (with a terminal end)
-- An end is "" (there is more to come), a terminal state, "retry" (this attempt has failed, and the job goes back to
-- its queue: nobody runs the generation until the next one begins), or "void" (failed before it was ever in its queue:
-- its idempotency key is free again; refused when its job has come after all).
-- An end that no API process is told goes into the list `unseen`, so that one of them counts it.
-- Returns a list: for each batch "ok", "cancel:<why>" (taken, and somebody asked to stop) or "refused" (also where the
-- record is not as ours are). A batch that is the last of its log already is "ok": its answer was lost, and it was sent
-- again.
local call, try, ARGV = redis.call, redis.pcall, ARGV
local base = KEYS[1]
local answers, notifications, ended, readers, unseen = {}, {}, {}, {}, {}
-- More processes than ever watch one generation.
local kMostWatchers = 1000
local clock

local function now()
  clock = clock or call('TIME')
  return clock[1] .. '000'
end

local match = string.match
local function is_number(text) return text and #text <= 15 and match(text, '^%d+$') end

-- Whether a process still reads its notifications. One that does not is told nothing more; it looks for itself when it
-- is back.
local function is_read(watcher)
  if readers[watcher] == nil then readers[watcher] = call('EXISTS', base .. 'on:' .. watcher) == 1 end
  return readers[watcher]
end

local function list_in(lists, name)
  local list = lists[name]
  if not list then
    list = {}
    lists[name] = list
  end
  return list
end

-- Puts the batch into the notifications of those who watch, and leaves out of the record those who do not read.
local function tell(record, id, events, watchers, is_end)
  local left, count = {}, 0
  for watcher in string.gmatch(watchers, '%S+') do
    count = count + 1
    if count <= kMostWatchers and is_read(watcher) then
      left[#left + 1] = watcher
      local entry = list_in(notifications, watcher)
      entry[#entry + 1] = id
      entry[#entry + 1] = events
    end
  end
  if count > #left and not is_end then call('HSET', record, 'watch', table.concat(left, ' ')) end
  return #left > 0
end

-- What the generation's caller has of its quotas while it is open.
local function release(id, caller, claim, counted)
  if counted then try('ZREM', base .. 'oc:' .. caller, id) end
  if claim then try('ZADD', base .. 'kc:' .. caller, 'XX', now(), claim) end
end

for at = 3, #ARGV, 7 do
  local id, attempt, first, count = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local events, ending = ARGV[at + 4], ARGV[at + 5]
  local record, field = base .. 'r:' .. id, 'e' .. ARGV[at + 2]
  local known = try('HMGET', record, 'state', 'seq', 'attempt', 'cancel', 'queue', 'watch', 'caller', 'claim', 'counted')
  local sound = not known.err and is_number(known[2]) and known[5]
  local open = sound and (known[1] == 'queued' or known[1] == 'running')
  local ours = sound and (attempt == '' or attempt == known[3])
  local came = ending == 'void' and open and call('EXISTS', known[5] .. ':' .. id) == 1
  if not open or not ours or came or tonumber(known[2]) + 1 ~= first then
    local again = ours and tonumber(known[2]) == first + count - 1 and call('HGET', record, field) == events
    local answer = open and known[4] and 'cancel:' .. known[4] or 'ok'
    answers[#answers + 1] = again and answer or 'refused'
  else
    -- As text: a number that is handed to Redis is printed as a double.
    local seq = string.format('%d', first + count - 1)
    local is_end = ending ~= '' and ending ~= 'retry'
    if ending == '' then
      call('HSET', record, 'seq', seq, field, events)
    elseif ending == 'retry' then
      call('HSET', record, 'seq', seq, field, events, 'worker', '')
    else
      local void = ending == 'void'
      call('HSET', record, 'seq', seq, field, events, 'state', void and 'failed' or ending, 'watch', '')
      if void then call('HSET', record, 'void', 1) end
      call('PEXPIRE', record, ARGV[at + 6])
      local line = list_in(ended, known[5])
      line[#line + 1] = id
      if known[7] then release(id, known[7], known[8], known[9]) end
    end
    local told = tell(record, id, events, known[6] or '', is_end)
    -- What a process runs itself it counts itself, and what never was in its queue is no end of anything.
    if is_end and not told and ending ~= 'void' and known[3] ~= '01' then unseen[#unseen + 1] = id end
    answers[#answers + 1] = known[4] and 'cancel:' .. known[4] or 'ok'
  end
end
for queue, line in pairs(ended) do try('ZREM', base .. 'o:' .. queue, unpack(line)) end
if #unseen > 0 then
  try('RPUSH', base .. 'unseen', unpack(unseen))
  try('LTRIM', base .. 'unseen', -10000, -1)
  try('PEXPIRE', base .. 'unseen', 3600000)
end
for watcher, entry in pairs(notifications) do
  local stream = base .. 'in:' .. watcher
  -- In pieces, because unpack() takes so many values and no more.
  for from = 1, #entry, 1000 do
    try('XADD', stream, 'MAXLEN', '~', ARGV[1], '*', unpack(entry, from, math.min(from + 999, #entry)))
  end
  call('PEXPIRE', stream, ARGV[2])
end
return answers
