-- The owner of a sync generation puts what it was asked for into the record, and tells whoever asked.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 owner, 2 id, 3 asker, 4 message, 5 request ("" = as it is), 6 "1" = its log is in the record from now on,
--         7 number of its last event and 8 events from the second on, of one that has ended and whose log was held
--         ("" = as it is), 9 entries that a stream of notifications keeps, 10 ttl ms of such a stream
-- Returns 1 if the record is there and this owner's
local call, try = redis.call, redis.pcall
local base, owner, id, asker = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local record = base .. 'r:' .. id
local known = try('HMGET', record, 'owner', 'held')
local ours = not known.err and known[1] == owner
if ours then
  if ARGV[5] ~= '' then call('HSET', record, 'request', ARGV[5]) end
  if ARGV[8] ~= '' and known[2] then
    call('HSET', record, 'seq', ARGV[7], 'e2', ARGV[8])
    call('HDEL', record, 'held', 'end')
  end
  if ARGV[6] == '1' then call('HSET', record, 'log', '1') end
end
-- Who does not read its notifications is told nothing.
if call('EXISTS', base .. 'on:' .. asker) == 1 then
  local stream = base .. 'in:' .. asker
  try('XADD', stream, 'MAXLEN', '~', ARGV[9], '*', id, ARGV[4])
  call('PEXPIRE', stream, ARGV[10])
end
return ours and 1 or 0
