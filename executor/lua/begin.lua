-- A worker takes generations: the number of its attempt fences everything that it writes afterwards.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 worker; then for each generation: id, queue key, head ("" = to be asked for), ttl ms, created at ms (and behind
--         a space the token of the job's lock: then nothing is begun unless the lock is still there and has it)
-- Returns a list: for each {"run", attempt, seq} | {"cancelled", attempt, seq, reason} | {"ended", state}
--         | {"lost", attempt, seq} (it is begun at most once, and may have been: the caller ends it with this attempt)
--         | {"not_yours"} (the lock is gone, or another worker's) | {"head"} (there is no record, and none can be made
--         without the head) | {"broken"} (the record is not as ours are: fail the job). A log whose seq is 1 has no
--         `started` yet, whatever the attempt. The state "gone": the generation was deleted, or is kept no longer.
local call, try, ARGV = redis.call, redis.pcall, ARGV
local base = KEYS[1]
local answers = {}

local match = string.match
local kStates = {queued = true, running = true, succeeded = true, failed = true, cancelled = true}

local function is_number(text) return text and #text <= 15 and match(text, '^%d+$') end

local function is_broken(known)
  -- A log has at least `queued`.
  local is_whole = kStates[known[1]] and is_number(known[2]) and tonumber(known[2]) > 0 and is_number(known[4])
  return known.err or known[1] and not is_whole
end

-- Whether a worker that writes no record may have begun: its API has told of it, or the job has progressed or failed
-- once. One of ours that is lost before it begins leaves none of these.
local function may_have_begun(known, job)
  if known[4] ~= '0' or known[2] ~= '1' then return true end
  local traces = try('HMGET', job, 'progress', 'atm')
  if traces.err then return true end
  return traces[1] ~= false or (traces[2] or '0') ~= '0'
end

-- Enters the record of a producer that wrote only the job: the envelope tells all that it needs. Returns whether it is
-- begun at most once.
local function enter(record, id, queue, head, created)
  local decoded, envelope = pcall(cjson.decode, head)
  envelope = decoded and type(envelope) == 'table' and envelope or {}
  local caller = type(envelope.caller) == 'string' and envelope.caller or ''
  local model = type(envelope.model) == 'string' and envelope.model or ''
  call('HSET', record, 'queue', queue, 'head', head, 'seq', '1', 'watch', '', 'caller', caller, 'model', model, 'created',
       created)
  try('ZADD', base .. 'index', '0', id)
  try('ZADD', base .. 'all', '0', id)
  if caller ~= '' then
    try('ZADD', base .. 'of:' .. caller, '0', id)
    try('SADD', base .. 'callers', caller)
  end
  try('ZADD', base .. 'o:' .. queue, created, id)
  try('SADD', base .. 'queues', queue)
  local once = envelope.on_lost == 'fail' and '1'
  if once then call('HSET', record, 'once', once) end
  return once
end

for at = 2, #ARGV, 5 do
  local id = ARGV[at]
  local record = base .. 'r:' .. id
  local known = try('HMGET', record, 'state', 'seq', 'cancel', 'attempt', 'once')
  local created, token = match(ARGV[at + 4], '^(%d+) ?(.*)$')
  local ours = token == '' or try('GET', ARGV[at + 1] .. ':' .. id .. ':lock') == token
  local broken = is_broken(known) or not known[1] and call('EXISTS', record) == 1
  local fresh = ours and not broken and not known[1]
  -- An id that was entered once and has no record any more is not begun again.
  local gone = fresh and type(try('ZSCORE', base .. 'index', id)) == 'string'
  local head_wanted = fresh and not gone and ARGV[at + 2] == ''
  if fresh and not gone and not head_wanted then
    local once = enter(record, id, ARGV[at + 1], ARGV[at + 2], created)
    known = {'queued', '1', false, '0', once}
  end
  if not ours then
    answers[#answers + 1] = {'not_yours'}
  elseif broken then
    answers[#answers + 1] = {'broken'}
  elseif gone then
    answers[#answers + 1] = {'ended', 'gone'}
  elseif head_wanted then
    answers[#answers + 1] = {'head'}
  elseif known[1] ~= 'queued' and known[1] ~= 'running' then
    answers[#answers + 1] = {'ended', known[1]}
  else
    local attempt = tonumber(known[4]) + 1
    local lost = known[5] and may_have_begun(known, ARGV[at + 1] .. ':' .. id)
    call('HSET', record, 'state', 'running', 'worker', ARGV[1], 'attempt', string.format('%d', attempt))
    -- Its admission gave the first attempt all the time that it has.
    if fresh or attempt > 1 then call('PEXPIRE', record, ARGV[at + 3]) end
    if known[3] then
      answers[#answers + 1] = {'cancelled', attempt, tonumber(known[2]), known[3]}
    elseif lost then
      answers[#answers + 1] = {'lost', attempt, tonumber(known[2])}
    else
      answers[#answers + 1] = {'run', attempt, tonumber(known[2])}
    end
  end
end
return answers
