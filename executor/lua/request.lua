-- What a generation was asked for.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id
-- Returns "gone" | "unknown" | {its envelope's text ("" = kept no longer)}
local base, id = KEYS[1], ARGV[1]
local known = redis.call('HMGET', base .. 'r:' .. id, 'queue', 'request')
if not known[1] then return redis.call('ZSCORE', base .. 'index', id) and 'gone' or 'unknown' end
return {known[2] or redis.call('HGET', known[1] .. ':' .. id, 'data') or ''}
