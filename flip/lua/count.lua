-- What a process has counted under an epoch, in all. Its number makes it harmless to write it twice, or late.
--
-- KEYS[1] base of the flip's keys
-- ARGV    1 epoch, 2 process, 3 number, 4 the counts, 5 for how many ms an epoch's are kept
-- Returns 1, or 0 where a later one is there
local key = KEYS[1] .. 'fig:' .. ARGV[1]
local there = redis.call('HGET', key, ARGV[2])
if there then
  local number = tonumber(string.match(there, '^(%d+) '))
  if number and number > tonumber(ARGV[3]) then return 0 end
end
redis.call('HSET', key, ARGV[2], ARGV[3] .. ' ' .. ARGV[4])
redis.call('PEXPIRE', key, ARGV[5])
return 1
