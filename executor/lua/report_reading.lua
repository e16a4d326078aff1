-- A process reports that it reads its notifications, for as long as it says.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 process, 2 for how many ms, 3 when that is over in ms ("" = it is a worker: what concerns every API process is
--         not for it), 4 API processes whose time was over before this one, in ms, are forgotten
-- Returns 1 (also where the list of API processes is a key of another type)
local base, process = KEYS[1], ARGV[1]
redis.call('SET', base .. 'on:' .. process, '1', 'PX', ARGV[2])
if ARGV[3] ~= '' then
  redis.pcall('ZADD', base .. 'apis', ARGV[3], process)
  redis.pcall('ZREMRANGEBYSCORE', base .. 'apis', '-inf', ARGV[4])
end
return 1
