-- Forgets a generation whose record is not as ours are, whatever it is instead: as delete.lua does one that has ended.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id, 2 "1" = only if it is this caller's, 3 caller, 4 "1" = do it, "" = only look, 5 entries that a
--         stream of notifications keeps, 6 ttl ms of such a stream
-- Returns {"unknown"} (also when it is another caller's) | {"held"} (a worker holds its job) | {"job", queue key} (its job
--         is there still: nothing was forgotten) | {"ended", queue key ("" = the record tells none of ours)}

-- @include deletion
-- @include past_owner

local base, id, caller = KEYS[1], ARGV[1], ARGV[3]
local record = base .. 'r:' .. id
if redis.call('EXISTS', record) == 0 then return {'unknown'} end

local function field(name)
  local value = redis.pcall('HGET', record, name)
  return type(value) == 'string' and value or nil
end

-- A record that does not tell whose it is may still be in its caller's index.
local owner = field('caller')
local is_callers = owner == caller or not owner and is_remembered_of(base, id, caller)
if ARGV[2] == '1' and not is_callers then return {'unknown'} end

local ours, queue = string.gsub(base, ':gen:$', ''), field('queue') or ''
if string.sub(queue, 1, #ours) ~= ours then queue = '' end
if queue ~= '' then
  if redis.call('EXISTS', queue .. ':' .. id .. ':lock') == 1 then return {'held'} end
  if ARGV[4] == '1' and redis.call('EXISTS', queue .. ':' .. id) == 1 then return {'job', queue} end
end
if ARGV[4] ~= '1' then return {'ended', queue} end

redis.call('UNLINK', record)
-- Gone, not unknown: no worker makes it anew from a job that may lie somewhere.
redis.pcall('ZADD', base .. 'index', '0', id)
redis.pcall('ZADD', base .. 'all', '0', id)
if queue ~= '' then redis.pcall('ZREM', base .. 'o:' .. queue, id) end
owner = owner or ARGV[2] == '1' and caller
if owner then
  redis.pcall('ZREM', base .. 'of:' .. owner, id)
  redis.pcall('ZREM', base .. 'oc:' .. owner, id)
end
remember_owner(base, id, owner)
announce_deletion(base, id, ARGV[5], ARGV[6])
return {'ended', queue}
