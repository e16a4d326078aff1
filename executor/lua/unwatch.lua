-- Events of these generations need not be sent to this process any more.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 watcher, then ids
local base = KEYS[1]
for at = 2, #ARGV do
  local record = base .. 'r:' .. ARGV[at]
  local watchers = redis.pcall('HGET', record, 'watch')
  if type(watchers) == 'string' and watchers ~= '' then
    local left = {}
    for watcher in string.gmatch(watchers, '%S+') do
      if watcher ~= ARGV[1] then left[#left + 1] = watcher end
    end
    redis.call('HSET', record, 'watch', table.concat(left, ' '))
  end
end
return redis.status_reply('OK')
