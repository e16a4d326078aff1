-- Which bytes in the artifact store are of no generation any more: the records of all that had them are gone. Nobody puts
-- the same bytes there until they have been removed, or for as long as the caller may take.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 where to go on ("0" = from the beginning), 2 ms that the caller may take
-- Returns {where to go on the next time ("0" = that was all), {SHA-256 of bytes to be removed}}
local try = redis.pcall
local base, released = KEYS[1], {}
local found = try('ZSCAN', base .. 'files', ARGV[1], 'COUNT', 500)
if found.err then return {'0', {}} end
for at = 1, #found[2], 2 do
  local digest, id = string.match(found[2][at], '^(%x+):(.*)$')
  if not digest then
    try('ZREM', base .. 'files', found[2][at])
  elseif redis.call('EXISTS', base .. 'r:' .. id) == 0 and try('ZREM', base .. 'files', found[2][at]) == 1 then
    local left = try('HINCRBY', base .. 'filerefs', digest, -1)
    if type(left) == 'number' and left <= 0 then
      try('HDEL', base .. 'filerefs', digest)
      redis.call('SET', base .. 'going:' .. digest, '1', 'PX', ARGV[2])
      released[#released + 1] = digest
    end
  end
end
return {found[1], released}
