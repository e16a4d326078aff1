-- What became of generations that have been silent for a while: their jobs may have been taken by a worker that writes
-- no log, or have ended without one.
--
-- KEYS[1] base of the generations' keys
-- ARGV    ids
-- Returns a list: for each id {state, seq, job, attempt, worker} | {"broken"} (the record is not as ours are) | {"large"}
--         (its job says too much for a look at many: read.lua); state "" when there is no record; job as in
--         read.lua; worker "" when nobody of ours runs it
local try = redis.pcall
local base = KEYS[1]
-- Of all jobs of one call; what is larger is left to a look at that one generation.
local kMostBytes = 4194304
local answers, bytes = {}, 0

local function is_number(text) return text and #text <= 15 and string.match(text, '^%d+$') end

local function look_at_job(key)
  local job = try('HMGET', key, 'finishedOn', 'processedOn', 'progress', 'returnvalue', 'failedReason')
  if job.err then return {} end
  for i = 3, 5 do bytes = bytes + (job[i] and #job[i] or 0) end
  if bytes > kMostBytes then return nil end
  -- Put back, or between two attempts: nobody is at it now.
  if not job[1] and redis.call('EXISTS', key .. ':lock') == 0 then job[2] = false end
  return job
end

for at = 1, #ARGV do
  local known = try('HMGET', base .. 'r:' .. ARGV[at], 'state', 'seq', 'queue', 'attempt', 'worker')
  if known.err then
    answers[#answers + 1] = {'broken'}
  elseif not known[1] then
    answers[#answers + 1] = {'', 0, {}, 0, ''}
  elseif not (is_number(known[2]) and known[3] and is_number(known[4])) then
    answers[#answers + 1] = {'broken'}
  else
    local key = known[3] .. ':' .. ARGV[at]
    local job = redis.call('EXISTS', key) == 1 and look_at_job(key) or {}
    if bytes > kMostBytes then
      answers[#answers + 1] = {'large'}
      bytes = 0
    else
      answers[#answers + 1] = {known[1], tonumber(known[2]), job, tonumber(known[4]), known[5] or ''}
    end
  end
end
return answers
