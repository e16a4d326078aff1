-- Idempotency keys: `k:<name>` says which generation has one, `kc:<caller>` when those of a caller ended, or will have
-- ended at the latest. Whoever claims asks held_by first, then claim_room, and then writes.

-- What is known of a claim's generation, if there is one: nil | {"held", id, "job" | "lost"} | {"conflict", id} |
-- {"broken"}.
local function held_by(base, claim, fingerprint, queue)
  local held = redis.pcall('HMGET', base .. 'k:' .. claim, 'id', 'fingerprint')
  if held.err then return {'broken'} end
  if not held[1] then return nil end
  local first = redis.pcall('HMGET', base .. 'r:' .. held[1], 'state', 'seq', 'void', 'owner')
  if first.err then return {'broken'} end
  -- One that failed on its way to the queue never was: the key is free.
  if first[3] then return nil end
  if held[2] ~= fingerprint then return {'conflict', held[1]} end
  -- A record that waits for a job which is not there: whoever claimed the key did not get as far as the queue. One that
  -- an API process runs itself has no job.
  local waits = first[1] == 'queued' and first[2] == '1' and not first[4]
  local lost = waits and redis.call('EXISTS', queue .. ':' .. held[1]) == 0
  return {'held', held[1], lost and 'lost' or 'job'}
end

-- Whether the caller may have one more claim: the oldest that are not live make room. nil: its list is not ours.
local function claim_room(base, caller, claim, most, dead_before)
  local key = base .. 'kc:' .. caller
  local held = redis.pcall('ZCARD', key)
  if type(held) == 'table' then return nil end
  if held < most or redis.call('ZSCORE', key, claim) then return true end
  local dead = redis.call('ZRANGEBYSCORE', key, '-inf', dead_before, 'LIMIT', 0, 100)
  if #dead == 0 then return false end
  for _, old in ipairs(dead) do
    redis.call('DEL', base .. 'k:' .. old)
    redis.call('ZREM', key, old)
  end
  return true
end

-- `lasts`: for how many ms a claim is kept; `open`: for how many its generation may be open.
local function write_claim(base, caller, claim, id, fingerprint, now, lasts, open)
  local key, held = base .. 'k:' .. claim, base .. 'kc:' .. caller
  redis.call('HSET', key, 'id', id, 'fingerprint', fingerprint)
  redis.call('PEXPIRE', key, lasts)
  redis.call('ZREMRANGEBYSCORE', held, '-inf', tonumber(now) - tonumber(lasts))
  redis.call('ZADD', held, string.format('%.0f', tonumber(now) + tonumber(open)), claim)
  redis.call('PEXPIRE', held, tonumber(lasts) + tonumber(open))
  redis.call('HSET', base .. 'r:' .. id, 'claim', claim)
end
