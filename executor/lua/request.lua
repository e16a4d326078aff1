-- What a generation was asked for.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id
-- Returns "gone" | "unknown" | "broken" (the record is not as ours are) | {its envelope's text ("" = kept no longer)}
local base, id = KEYS[1], ARGV[1]
local record = base .. 'r:' .. id
local known = redis.pcall('HMGET', record, 'queue', 'request')
if known.err then return 'broken' end
if not known[1] then
  if redis.call('EXISTS', record) == 1 then return 'broken' end
  return type(redis.pcall('ZSCORE', base .. 'index', id)) == 'string' and 'gone' or 'unknown'
end
if known[2] then return {known[2]} end
local data = redis.pcall('HGET', known[1] .. ':' .. id, 'data')
return {type(data) == 'string' and data or ''}
