-- Renews the lease of an owner of sync generations, and tells whose leases are over. By this server's clock alone.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 owner ("" = the process owns none), 2 lease ms, 3 how many to tell of
-- Returns a list of owners
local time = redis.call('TIME')
local now, key = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000), KEYS[1] .. 'owners'
if ARGV[1] ~= '' then redis.call('ZADD', key, string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1]) end
return redis.call('ZRANGEBYSCORE', key, '-inf', string.format('(%.0f', now), 'LIMIT', 0, ARGV[3])
