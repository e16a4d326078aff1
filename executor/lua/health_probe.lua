-- The health probe: a write, because a server that is full, or a replica, answers PING all the same. And in the same
-- round trip how the models stand.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 who asks, 2 ttl ms of the probe, 3 now ms, then for each model: name, queue key
-- Returns a list: for each model {open, when the oldest of them was created in ms (0 = none), workers, slots, waiting,
--         the id that is taken next ("" = none)}; what a key of another type would tell is 0 or ""
local base, now = KEYS[1], ARGV[3]
redis.call('SET', base .. 'probe', ARGV[1], 'PX', ARGV[2])

-- @include tolerant_reads
-- @include model_queue
-- @include leases

local answers = {}
for at = 4, #ARGV, 2 do
  local queue = ARGV[at + 1]
  local open, oldest = open_in(base .. 'o:' .. queue)
  local workers, slots = leases_of(base, ARGV[at], now)
  local waiting = count('LLEN', queue .. ':wait') + count('LLEN', queue .. ':paused')
  answers[#answers + 1] = {open, oldest, workers, slots, waiting, next_in(queue)}
end
return answers
