-- What follows when a generation's record has been deleted.

-- Remembers whose it was. Without keys all are one caller, and nobody asks.
local function remember_owner(base, id, owner)
  if not owner or owner == '' then return end
  redis.pcall('ZADD', base .. 'go:' .. owner, '0', id)
  redis.pcall('SADD', base .. 'callers', owner)
end

-- Tells every living API process, so that none shows its copy any longer.
local function announce_deletion(base, id, most_entries, ttl_ms)
  local time = redis.call('TIME')
  local living = redis.pcall('ZRANGEBYSCORE', base .. 'apis', time[1] .. '000', '+inf', 'LIMIT', 0, 1000)
  for _, process in ipairs(living.err and {} or living) do
    local stream = base .. 'in:' .. process
    redis.pcall('XADD', stream, 'MAXLEN', '~', most_entries, '*', id, 'forgotten')
    redis.call('PEXPIRE', stream, ttl_ms)
  end
end
