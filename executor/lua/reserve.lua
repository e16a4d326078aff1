-- Notes that a generation has bytes in the artifact store, before they are put there: they stay for as long as its record.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 SHA-256 of the bytes, 2 id, 3 now ms, 4 attempt (may be left out: any)
-- Returns 1, or 0 while the same bytes are being removed: ask again; -1 when another attempt has begun, or the generation
-- has ended or is gone: nobody would take the event that names them
local try = redis.pcall
local base, digest = KEYS[1], ARGV[1]
if ARGV[4] then
  local known = try('HMGET', base .. 'r:' .. ARGV[2], 'state', 'attempt')
  local open = known[1] == 'queued' or known[1] == 'running'
  if known.err or not open or known[2] ~= ARGV[4] then return -1 end
end
if redis.call('EXISTS', base .. 'going:' .. digest) == 1 then return 0 end
if try('ZADD', base .. 'files', ARGV[3], digest .. ':' .. ARGV[2]) == 1 then try('HINCRBY', base .. 'filerefs', digest, 1) end
return 1
