-- How all models and workers stand at one moment, for people: no figure contradicts another one.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 now ms, 2 so many jobs that run are looked at, 3 so many workers, then for each model: name, queue key
-- Returns {models, workers}
--   models   for each {open, when the oldest of them was created in ms (0 = none), of those how many run, workers with a
--            lease, their slots, the id that is taken next ("" = none)}
--   workers  for each that has a lease {process, what it tells (JSON), how many generations it runs (-1: there are more
--            than were looked at)}
-- What a key of another type would tell is 0 or "".
local base, now, budget = KEYS[1], ARGV[1], tonumber(ARGV[2])

-- @include tolerant_reads
-- @include model_queue
-- @include leases

local running_of, all_seen = {}, true

-- Jobs that a worker has, and that are open: the end of a generation is written before its job is done.
local function count_running(queue, open)
  local active, running = count('LLEN', queue .. ':active'), 0
  if active > budget then
    all_seen = false
    return math.min(active, count('ZCARD', open))
  end
  budget = budget - active
  for _, id in ipairs(active > 0 and list('LRANGE', queue .. ':active', 0, active - 1) or {}) do
    if text('ZSCORE', open, id) then
      running = running + 1
      local worker = text('HGET', base .. 'r:' .. id, 'worker')
      if worker then running_of[worker] = (running_of[worker] or 0) + 1 end
    end
  end
  return running
end

local models, workers = {}, {}
for at = 4, #ARGV, 2 do
  local queue = ARGV[at + 1]
  local key = base .. 'o:' .. queue
  local open, oldest = open_in(key)
  local leased, slots = leases_of(base, ARGV[at], now)
  models[#models + 1] = {open, oldest, count_running(queue, key), leased, slots, next_in(queue)}
end
for _, process in ipairs(list('ZRANGEBYSCORE', base .. 'workers', '(' .. now, '+inf', 'LIMIT', 0, ARGV[3])) do
  local told = text('GET', base .. 'worker:' .. process)
  if told then workers[#workers + 1] = {process, told, all_seen and (running_of[process] or 0) or -1} end
end
return {models, workers}
