-- What became of generations that have been silent for a while: their jobs may have been taken by a worker that writes
-- no log, or have ended without one.
--
-- KEYS[1] base of the generations' keys
-- ARGV    ids
-- Returns a list: for each id {state, seq, job, attempt, worker}; state "" when there is no record; job as in read.lua;
--         worker "" when nobody of ours runs it
local base = KEYS[1]
local answers = {}
for at = 1, #ARGV do
  local known = redis.call('HMGET', base .. 'r:' .. ARGV[at], 'state', 'seq', 'queue', 'attempt', 'worker')
  if not known[1] then
    answers[#answers + 1] = {'', 0, {}, 0, ''}
  else
    local key = known[3] .. ':' .. ARGV[at]
    local job = {}
    if redis.call('EXISTS', key) == 1 then
      job = redis.call('HMGET', key, 'finishedOn', 'processedOn', 'progress', 'returnvalue', 'failedReason')
      -- Put back, or between two attempts: nobody is at it now.
      if not job[1] and redis.call('EXISTS', key .. ':lock') == 0 then job[2] = false end
    end
    answers[#answers + 1] = {known[1], tonumber(known[2]), job, tonumber(known[4]), known[5] or ''}
  end
end
return answers
