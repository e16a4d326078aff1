-- Forgets an ended generation. Its id stays in the index: it is gone, not unknown.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id, 2 "1" = do it, "" = only look
-- Returns {"gone"} | {"unknown"} | {"open"} | {"held"} (a worker has not settled its job yet) | {"ended", queue key}
local base, id = KEYS[1], ARGV[1]
local record = base .. 'r:' .. id
local known = redis.call('HMGET', record, 'state', 'queue')
if not known[1] then return {redis.call('ZSCORE', base .. 'index', id) and 'gone' or 'unknown'} end
if known[1] == 'queued' or known[1] == 'running' then return {'open'} end
if redis.call('EXISTS', known[2] .. ':' .. id .. ':lock') == 1 then return {'held'} end
if ARGV[2] == '1' then redis.call('DEL', record) end
return {'ended', known[2]}
