-- Forgets an ended generation. Its id stays in the index: it is gone, not unknown, and no worker begins it again; whose
-- it was is remembered. Every API process is told, so that none shows its copy any longer.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id, 2 "1" = do it, "" = only look, 3 entries that a stream of notifications keeps, 4 ttl ms of such a stream
-- Returns {"gone"} | {"unknown"} | {"open"} | {"held"} (a worker has not settled its job yet) | {"job", queue key} (its
--         job is there still: nothing was forgotten) | {"ended", queue key} | {"broken"} (the record is not as ours are)

-- @include deletion

local base, id = KEYS[1], ARGV[1]
local record = base .. 'r:' .. id
local known = redis.pcall('HMGET', record, 'state', 'queue', 'caller')
if known.err then return {'broken'} end
if not known[1] then
  if redis.call('EXISTS', record) == 1 then return {'broken'} end
  return {type(redis.pcall('ZSCORE', base .. 'index', id)) == 'string' and 'gone' or 'unknown'}
end
if known[1] == 'queued' or known[1] == 'running' then return {'open'} end
if not known[2] then return {'broken'} end
if redis.call('EXISTS', known[2] .. ':' .. id .. ':lock') == 1 then return {'held'} end
if ARGV[2] == '1' then
  if redis.call('EXISTS', known[2] .. ':' .. id) == 1 then return {'job', known[2]} end
  redis.call('DEL', record)
  if known[3] then redis.pcall('ZREM', base .. 'of:' .. known[3], id) end
  remember_owner(base, id, known[3])
  announce_deletion(base, id, ARGV[3], ARGV[4])
end
return {'ended', known[2]}
