-- Renews the lease of a worker, in one call: an idle worker is woken once by all of it.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 process, 2 now ms, 3 lease ms, 4 what is told of the worker; then for each of its models: name, member of the
--         model's leases
-- Returns 1, or the first error (of a key of another type), with all the rest renewed.
local base, process, now, lease = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local till = string.format('%.0f', tonumber(now) + tonumber(lease))
local failed

local function renew(leases, member)
  for _, call in ipairs({ { 'ZADD', leases, till, member }, { 'ZREMRANGEBYSCORE', leases, '-inf', now } }) do
    local answer = redis.pcall(unpack(call))
    if type(answer) == 'table' and answer.err then failed = failed or answer end
  end
end

for at = 5, #ARGV, 2 do renew(base .. 'l:' .. ARGV[at], ARGV[at + 1]) end
renew(base .. 'workers', process)
redis.call('SET', base .. 'worker:' .. process, ARGV[4], 'PX', lease)
return failed or 1
