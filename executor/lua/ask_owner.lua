-- Asks the owner of a sync generation for what it has of it, through its notifications; it answers through the asker's
-- (answer_asker.lua).
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 owner, 2 id, 3 message, 4 entries that a stream of notifications keeps, 5 ttl ms of such a stream
-- Returns {"asked"} | {"gone"} (the owner's lease is over, or it has none)
local base, owner = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local lease = redis.pcall('ZSCORE', base .. 'owners', owner)
if type(lease) ~= 'string' or (tonumber(lease) or 0) < now then return {'gone'} end
local stream = base .. 'in:' .. owner
redis.pcall('XADD', stream, 'MAXLEN', '~', ARGV[4], '*', ARGV[2], ARGV[3])
redis.call('PEXPIRE', stream, ARGV[5])
return {'asked'}
