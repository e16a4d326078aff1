-- The API processes that live, the controller's last report, and what was counted under an epoch.
--
-- KEYS[1] base of the flip's keys
-- ARGV    1 epoch ("" = no counts), 2 at most so many processes, 3 what is longer is not carried
-- Returns a list: {leases, the controller's report ("" = none), counts as process and value in turn}
local base, most, longest = KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local leases = {}
for _, process in ipairs(redis.call('SRANDMEMBER', base .. 'apis', most)) do
  local key = base .. 'api:' .. process
  local length = redis.pcall('STRLEN', key)
  if length == 0 then
    redis.pcall('SREM', base .. 'apis', process)
  elseif type(length) == 'number' and length <= longest then
    leases[#leases + 1] = redis.call('GET', key)
  end
end
local report, tick = '', base .. 'tick'
if redis.call('STRLEN', tick) <= longest then report = redis.call('GET', tick) or '' end
local counts, key = {}, base .. 'fig:' .. ARGV[1]
if ARGV[1] ~= '' and redis.call('HLEN', key) <= most then
  for _, process in ipairs(redis.call('HKEYS', key)) do
    if redis.call('HSTRLEN', key, process) <= longest then
      counts[#counts + 1] = process
      counts[#counts + 1] = redis.call('HGET', key, process)
    end
  end
end
return {leases, report, counts}
