-- An API process tells that it lives and which epoch it acts on, asks what the record is, and takes or keeps the
-- controller's lease. What cannot be written (the server is full, or a replica) does not keep the record from being read.
--
-- KEYS[1] base of the flip's keys
-- ARGV    1 process, 2 its lease, 3 for how many ms, 4 the epoch and 5 the audit hash that it knows ("" = none), 6 "1": it
--         may become the controller, 7 a record that is longer is not carried to it
-- Returns a list: {what ("none", "same", "record" or "too_long"), epoch, seq and hash of the last audit entry (also where
--         there is no record), text (only with "record"), 1 = the lease was written, its fencing number as controller
--         ("" = it is not), 1 = there is a controller, this process or another one}
local base, process = KEYS[1], ARGV[1]
local written = redis.pcall('SET', base .. 'api:' .. process, ARGV[2], 'PX', ARGV[3])
local listed = redis.pcall('SADD', base .. 'apis', process)
local lives = written.ok ~= nil and type(listed) == 'number'
-- A full server takes no lease, and keeps the one that it has: with an older epoch, which holds up and does no harm.
if not lives then redis.pcall('PEXPIRE', base .. 'api:' .. process, ARGV[3]) end

-- The lease's value is the fencing number and the holder.
local fence, controller = '', base .. 'controller'
if ARGV[6] == '1' then
  local held = redis.pcall('GET', controller)
  if type(held) == 'string' then
    local number, holder = string.match(held, '^(%d+):(.*)$')
    if holder == process then
      redis.call('PEXPIRE', controller, ARGV[3])
      fence = number
    elseif redis.call('PTTL', controller) == -1 then
      -- Somebody has set it by hand: nobody holds it for ever.
      redis.call('PEXPIRE', controller, ARGV[3])
    end
  elseif held == false and lives then
    local number = redis.pcall('INCR', base .. 'fence')
    if type(number) == 'number' then
      fence = string.format('%d', number)
      redis.call('SET', controller, fence .. ':' .. process, 'PX', ARGV[3])
    end
  end
end
-- A full server takes no new holder: then nobody drives, and each process has to know.
local driven = redis.pcall('EXISTS', controller)

local record = base .. 'record'
for _, field in ipairs({'epoch', 'seq', 'hash'}) do
  if redis.call('HSTRLEN', record, field) > 64 then return {'too_long', '', '', '', '', lives and 1 or 0, fence, driven} end
end
local head = redis.call('HMGET', record, 'epoch', 'seq', 'hash')
local epoch, seq, hash = head[1], head[2] or '', head[3] or ''
if not epoch then
  -- The record is gone, and the chain goes on all the same.
  local last = redis.call('XREVRANGE', base .. 'log', '+', '-', 'COUNT', 1)
  if last[1] then
    local fields = last[1][2]
    for at = 1, #fields, 2 do
      if fields[at] == 'seq' then seq = string.sub(fields[at + 1], 1, 64) end
      if fields[at] == 'hash' then hash = string.sub(fields[at + 1], 1, 64) end
    end
  end
  return {'none', '', seq, hash, '', lives and 1 or 0, fence, driven}
end
if epoch == ARGV[4] and hash == ARGV[5] then return {'same', epoch, seq, hash, '', lives and 1 or 0, fence, driven} end
if redis.call('HSTRLEN', record, 'text') > tonumber(ARGV[7]) then
  return {'too_long', epoch, seq, hash, '', lives and 1 or 0, fence, driven}
end
return {'record', epoch, seq, hash, redis.call('HGET', record, 'text') or '', lives and 1 or 0, fence, driven}
