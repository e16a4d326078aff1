-- Compares and sets the record, and appends the entry of the audit that tells of it, or does neither. The entry is what
-- API processes wait for.
--
-- KEYS[1] base of the flip's keys
-- ARGV    1 the epoch ("" = there is no record) and 2 the hash of the last audit entry ("" = none) that it was made from,
--         3 its epoch, 4 its text, 5 seq, 6 hash and 7 line of the entry, 8 process, 9 its fencing number as controller
--         ("" = it does not act as such), 10 about how many entries are kept
-- Returns a list: {"set"}, {"stale", the epoch that is there} or {"fenced"} (another process is the controller now)
local base = KEYS[1]
local record, stream = base .. 'record', base .. 'log'
if ARGV[9] ~= '' and redis.call('GET', base .. 'controller') ~= ARGV[9] .. ':' .. ARGV[8] then return {'fenced'} end
local head = redis.call('HMGET', record, 'epoch', 'hash')
local epoch, hash = head[1] or '', head[2] or ''
if not head[1] then
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)
  if last[1] then
    local fields = last[1][2]
    for at = 1, #fields, 2 do
      if fields[at] == 'hash' then hash = string.sub(fields[at + 1], 1, 64) end
    end
  end
end
if epoch ~= ARGV[1] or hash ~= ARGV[2] then return {'stale', string.sub(epoch, 1, 64)} end
-- The entry goes first: where it cannot be written nothing has changed.
redis.call('XADD', stream, 'MAXLEN', '~', ARGV[10], '*', 'seq', ARGV[5], 'hash', ARGV[6], 'line', ARGV[7])
redis.call('HSET', record, 'epoch', ARGV[3], 'text', ARGV[4], 'seq', ARGV[5], 'hash', ARGV[6])
return {'set'}
