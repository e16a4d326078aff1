-- Generations as they stand: their records with their logs, and what their jobs say. With a watcher, later events are
-- also sent to that process, so that nothing is missed between this look and the first of them.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 watcher ("" = none), 2 most bytes of a record and of a job, then ids
-- Returns a list: for each id "gone", "unknown", "broken: <why>" or {record (flat hash), job}; job is {} when there is
--         none, else the values of finishedOn, processedOn, progress, returnvalue, failedReason (false where absent)
local try = redis.pcall
local base, watcher, largest = KEYS[1], ARGV[1], tonumber(ARGV[2])
local answers = {}

local function size_of(values)
  local size = 0
  for i = 1, #values do size = size + (values[i] and #values[i] or 0) end
  return size
end

-- What a job of another program's making says, as far as it can be carried.
local function look_at_job(key)
  local job = try('HMGET', key, 'finishedOn', 'processedOn', 'progress', 'returnvalue', 'failedReason')
  if job.err then return {} end
  if size_of(job) > largest then
    return {job[1], job[2], '0', false, 'the job says more than ' .. ARGV[2] .. ' bytes'}
  end
  -- Put back, or between two attempts: nobody is at it now.
  if not job[1] and redis.call('EXISTS', key .. ':lock') == 0 then job[2] = false end
  return job
end

local function watch(record, watchers)
  if watcher == '' or string.find(watchers, watcher, 1, true) then return end
  -- So many never watch one generation: it was not ours who wrote that.
  if watchers == '' or #watchers > 65536 then
    redis.call('HSET', record, 'watch', watcher)
  else
    redis.call('HSET', record, 'watch', watchers .. ' ' .. watcher)
  end
end

-- As far as Redis can tell without reading it all.
local function is_too_large(record)
  local size = try('MEMORY', 'USAGE', record, 'SAMPLES', 0)
  return type(size) == 'number' and size > 2 * largest
end

for at = 3, #ARGV do
  local id = ARGV[at]
  local record = base .. 'r:' .. id
  local fields = is_too_large(record) and {err = 'its key is too large'} or try('HGETALL', record)
  if fields.err then
    answers[#answers + 1] = 'broken: its key has another type, or is too large'
  elseif #fields == 0 then
    answers[#answers + 1] = type(try('ZSCORE', base .. 'index', id)) == 'string' and 'gone' or 'unknown'
  elseif size_of(fields) > largest then
    answers[#answers + 1] = 'broken: it has ' .. size_of(fields) .. ' bytes'
  else
    local known = redis.call('HMGET', record, 'state', 'queue', 'watch')
    local job = {}
    if (known[1] == 'queued' or known[1] == 'running') and known[2] then
      watch(record, known[3] or '')
      local key = known[2] .. ':' .. id
      if redis.call('EXISTS', key) == 1 then job = look_at_job(key) end
    end
    answers[#answers + 1] = {fields, job}
  end
end
return answers
