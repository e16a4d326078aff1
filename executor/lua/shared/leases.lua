-- How many workers of a model have a lease that is not over, and how many slots they have together. Both are 0 where the
-- key has another type.
local function leases_of(base, model, now)
  local workers, slots = 0, 0
  local leases = redis.pcall('ZRANGEBYSCORE', base .. 'l:' .. model, '(' .. now, '+inf', 'LIMIT', 0, 1000)
  for _, lease in ipairs(leases.err and {} or leases) do
    workers = workers + 1
    slots = slots + math.min(tonumber(string.match(lease, '^%d+')) or 0, 100000)
  end
  return workers, slots
end
