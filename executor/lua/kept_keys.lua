-- Counts the idempotency keys that some callers hold.
--
-- KEYS[1] base of the generations' keys
-- ARGV    the callers
-- Returns {how many, the time in ms until the youngest of them goes by itself}
local base, count, longest = KEYS[1], 0, 0
for _, caller in ipairs(ARGV) do
  local key = base .. 'kc:' .. caller
  local held = redis.pcall('ZCARD', key)
  if type(held) == 'number' and held > 0 then
    count = count + held
    for _, claim in ipairs(redis.call('ZRANGE', key, -1, -1)) do
      longest = math.max(longest, redis.call('PTTL', base .. 'k:' .. claim))
    end
  end
end
return {count, longest}
