-- Generations as they stand: their records with their logs, and what their jobs say. With a watcher, later events are
-- also sent to that process, so that nothing is missed between this look and the first of them.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 watcher ("" = none), then ids
-- Returns a list: for each id "gone", "unknown" or {record (flat hash), job}; job is {} when there is none, else
--         the values of finishedOn, processedOn, progress, returnvalue, failedReason (false where absent)
local base, watcher = KEYS[1], ARGV[1]
local answers = {}
for at = 2, #ARGV do
  local id = ARGV[at]
  local record = base .. 'r:' .. id
  local fields = redis.call('HGETALL', record)
  if #fields == 0 then
    answers[#answers + 1] = redis.call('ZSCORE', base .. 'index', id) and 'gone' or 'unknown'
  else
    local known = redis.call('HMGET', record, 'state', 'queue', 'watch')
    local job = {}
    if known[1] == 'queued' or known[1] == 'running' then
      local watchers = known[3] or ''
      if watcher ~= '' and not string.find(watchers, watcher, 1, true) then
        redis.call('HSET', record, 'watch', watchers == '' and watcher or watchers .. ' ' .. watcher)
      end
      local key = known[2] .. ':' .. id
      if redis.call('EXISTS', key) == 1 then
        job = redis.call('HMGET', key, 'finishedOn', 'processedOn', 'progress', 'returnvalue', 'failedReason')
        -- Put back, or between two attempts: nobody is at it now.
        if not job[1] and redis.call('EXISTS', key .. ':lock') == 0 then job[2] = false end
      end
    end
    answers[#answers + 1] = {fields, job}
  end
end
return answers
