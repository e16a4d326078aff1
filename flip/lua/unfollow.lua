-- An API process stops: it is not waited for any more, and another one may become the controller at once.
--
-- KEYS[1] base of the flip's keys
-- ARGV    1 process, 2 its fencing number ("" = it is not the controller)
-- Returns 1
local base, process = KEYS[1], ARGV[1]
redis.call('DEL', base .. 'api:' .. process)
redis.call('SREM', base .. 'apis', process)
if ARGV[2] ~= '' and redis.call('GET', base .. 'controller') == ARGV[2] .. ':' .. process then
  redis.call('DEL', base .. 'controller')
end
return 1
