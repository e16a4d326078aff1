-- Asks a generation to stop. One that nobody runs (it waits, for its first attempt or for the next one, or its worker
-- gave it back, or is lost: the lock of its job tells) ends at once, if its log is where the caller believes it to be;
-- one that runs is told through its worker's notifications, one that an API process runs itself through that one's.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id, 2 reason, 3 entries that a stream of notifications keeps, 4 ttl ms of such a stream
-- Returns {"unknown"} | {"ended"} | {"waiting", seq, attempt} (the caller ends it: append.lua, with that attempt)
--         | {"running", worker} | {"broken"} (the record is not as ours are)
local base, id = KEYS[1], ARGV[1]
local record = base .. 'r:' .. id
local function is_number(text) return text and #text <= 15 and string.match(text, '^%d+$') end
local known = redis.pcall('HMGET', record, 'state', 'seq', 'worker', 'attempt', 'queue', 'owner')
if known.err then return {'broken'} end
if not known[1] then return {redis.call('EXISTS', record) == 1 and 'broken' or 'unknown'} end
if known[1] ~= 'queued' and known[1] ~= 'running' then return {'ended'} end
if not is_number(known[2]) or not is_number(known[4]) or not known[5] then return {'broken'} end
redis.call('HSETNX', record, 'cancel', ARGV[2])
local worker = known[6] or known[3] or ''
local locked = redis.call('EXISTS', known[5] .. ':' .. id .. ':lock') == 1
local waits = not known[6] and (known[1] == 'queued' or worker == '' or not locked)
if waits then return {'waiting', tonumber(known[2]), known[4]} end
local stream = base .. 'in:' .. worker
redis.pcall('XADD', stream, 'MAXLEN', '~', ARGV[3], '*', id, 'cancel:' .. ARGV[2])
redis.call('PEXPIRE', stream, ARGV[4])
return {'running', worker}
