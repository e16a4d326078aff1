-- The controller's report of a tick, from which the next one goes on, whoever holds the lease then.
--
-- KEYS[1] base of the flip's keys
-- ARGV    1 process, 2 its fencing number, 3 the report, 4 for how many ms it is kept
-- Returns 1, or 0: another process is the controller now
local base = KEYS[1]
if redis.call('GET', base .. 'controller') ~= ARGV[2] .. ':' .. ARGV[1] then return 0 end
redis.call('SET', base .. 'tick', ARGV[3], 'PX', ARGV[4])
return 1
