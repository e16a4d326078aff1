-- A worker takes generations: the number of its attempt fences everything that it writes afterwards.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 worker; then for each generation: id, queue key, head ("" = to be asked for), ttl ms, created at ms (and behind
--         a space the token of the job's lock: then nothing is begun unless the lock is still there and has it)
-- Returns a list: for each {"run", attempt, seq} | {"cancelled", attempt, seq, reason} | {"ended", state}
--         | {"not_yours"} (the lock is gone, or another worker's) | {"head"} (there is no record, and none can be made
--         without the head). A log whose seq is 1 has no `started` yet, whatever the attempt.
local call, ARGV = redis.call, ARGV
local base = KEYS[1]
local answers = {}
for at = 2, #ARGV, 5 do
  local id = ARGV[at]
  local record = base .. 'r:' .. id
  local known = call('HMGET', record, 'state', 'seq', 'cancel', 'attempt')
  local created, token = string.match(ARGV[at + 4], '^(%d+) ?(.*)$')
  local ours = token == '' or call('GET', ARGV[at + 1] .. ':' .. id .. ':lock') == token
  local fresh = ours and not known[1]
  local head_wanted = fresh and ARGV[at + 2] == ''
  if fresh and not head_wanted then
    -- Added by a producer that wrote only the job, or the record is gone: the envelope tells all that it needs.
    call('HSET', record, 'queue', ARGV[at + 1], 'head', ARGV[at + 2], 'seq', '1', 'watch', '')
    call('ZADD', base .. 'index', '0', id)
    call('ZADD', base .. 'o:' .. ARGV[at + 1], created, id)
    known = {'queued', '1', false, '0'}
  end
  if not ours then
    answers[#answers + 1] = {'not_yours'}
  elseif head_wanted then
    answers[#answers + 1] = {'head'}
  elseif known[1] ~= 'queued' and known[1] ~= 'running' then
    answers[#answers + 1] = {'ended', known[1]}
  else
    local attempt = tonumber(known[4]) + 1
    call('HSET', record, 'state', 'running', 'worker', ARGV[1], 'attempt', string.format('%d', attempt))
    -- Its admission gave the first attempt all the time that it has.
    if fresh or attempt > 1 then call('PEXPIRE', record, ARGV[at + 3]) end
    if known[3] then
      answers[#answers + 1] = {'cancelled', attempt, tonumber(known[2]), known[3]}
    else
      answers[#answers + 1] = {'run', attempt, tonumber(known[2])}
    end
  end
end
return answers
