-- Keeps a generation's envelope with its record, because its job is about to be removed: whoever asks for the same again
-- needs it.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id
local record = KEYS[1] .. 'r:' .. ARGV[1]
local queue = redis.pcall('HGET', record, 'queue')
if type(queue) ~= 'string' then return 0 end
local data = redis.pcall('HGET', queue .. ':' .. ARGV[1], 'data')
if type(data) ~= 'string' then return 0 end
return redis.call('HSET', record, 'request', data)
