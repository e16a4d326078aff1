-- Notes that a generation has bytes in the artifact store, before they are put there: they stay for as long as its record.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 SHA-256 of the bytes, 2 id, 3 now ms
-- Returns 1, or 0 while the same bytes are being removed: ask again
local try = redis.pcall
local base, digest = KEYS[1], ARGV[1]
if redis.call('EXISTS', base .. 'going:' .. digest) == 1 then return 0 end
if try('ZADD', base .. 'files', ARGV[3], digest .. ':' .. ARGV[2]) == 1 then try('HINCRBY', base .. 'filerefs', digest, 1) end
return 1
