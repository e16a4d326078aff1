-- The health probe: a write, because a server that is full, or a replica, answers PING all the same. And in the same
-- round trip how the models stand.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 who asks, 2 ttl ms of the probe, 3 now ms, then for each model: name, queue key
-- Returns a list: for each model {open, when the oldest of them was created in ms (0 = none), workers, slots, waiting,
--         the id that is taken next ("" = none)}; what a key of another type would tell is 0 or ""
local base, now = KEYS[1], ARGV[3]
redis.call('SET', base .. 'probe', ARGV[1], 'PX', ARGV[2])

local function count(...)
  local answer = redis.pcall(...)
  return type(answer) == 'number' and answer or 0
end

local function list(...)
  local answer = redis.pcall(...)
  return type(answer) == 'table' and not answer.err and answer or {}
end

local function last_of(key)
  local answer = redis.pcall('LINDEX', key, -1)
  return type(answer) == 'string' and answer
end

local answers = {}
for at = 4, #ARGV, 2 do
  local open = base .. 'o:' .. ARGV[at + 1]
  local oldest = tonumber(list('ZRANGE', open, 0, 0, 'WITHSCORES')[2] or 0) or 0
  -- A paused queue keeps what waits in another list.
  local wait, paused = ARGV[at + 1] .. ':wait', ARGV[at + 1] .. ':paused'
  local waiting = count('LLEN', wait) + count('LLEN', paused)
  local next_id = last_of(wait) or last_of(paused) or ''
  local workers, slots = 0, 0
  for _, lease in ipairs(list('ZRANGEBYSCORE', base .. 'l:' .. ARGV[at], '(' .. now, '+inf', 'LIMIT', 0, 1000)) do
    workers = workers + 1
    slots = slots + math.min(tonumber(string.match(lease, '^%d+')) or 0, 100000)
  end
  oldest = math.max(math.min(oldest, 253402300799999), 0)
  answers[#answers + 1] = {count('ZCARD', open), oldest, workers, slots, waiting, next_id}
end
return answers
