-- The health probe: a write, because a server that is full, or a replica, answers PING all the same. And in the same
-- round trip how the models stand.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 who asks, 2 ttl ms of the probe, 3 now ms, then for each model: name, queue key
-- Returns a list: for each model {open, when the oldest of them was created in ms (0 = none), workers, slots, waiting,
--         the id that is taken next ("" = none)}
local base, now = KEYS[1], ARGV[3]
redis.call('SET', base .. 'probe', ARGV[1], 'PX', ARGV[2])
local answers = {}
for at = 4, #ARGV, 2 do
  local open = base .. 'o:' .. ARGV[at + 1]
  local oldest = redis.call('ZRANGE', open, 0, 0, 'WITHSCORES')
  -- A paused queue keeps what waits in another list.
  local wait, paused = ARGV[at + 1] .. ':wait', ARGV[at + 1] .. ':paused'
  local waiting = redis.call('LLEN', wait) + redis.call('LLEN', paused)
  local next_id = redis.call('LINDEX', wait, -1) or redis.call('LINDEX', paused, -1) or ''
  local workers, slots = 0, 0
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', base .. 'l:' .. ARGV[at], '(' .. now, '+inf')) do
    workers = workers + 1
    slots = slots + (tonumber(string.match(lease, '^%d+')) or 0)
  end
  answers[#answers + 1] = {redis.call('ZCARD', open), tonumber(oldest[2] or 0), workers, slots, waiting, next_id}
end
return answers
