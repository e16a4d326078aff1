-- Records as lists show them: as read.lua has them, without what only the text is made of. So much for one call, so that
-- nobody waits long behind it.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 bytes after which the others are left for the next call, 2 most bytes of one record, then ids
-- Returns a list: for each id "gone", "later", "broken: <why>" or {record (flat hash), {}}, in which a batch of nothing but
--         pieces of text is empty
local base, budget, largest = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local answers, bytes = {}, 0

-- By its members: within a JSON string there are no quotes without a backslash. What is written in another form, as by
-- a worker in another language, is carried.
local function is_text_only(batch)
  local _, events = string.gsub(batch, '"seq"%s*:', '')
  local _, pieces = string.gsub(batch, '"type":"delta"', '')
  return pieces > 0 and events == pieces
end

for at = 3, #ARGV do
  if bytes >= budget then
    answers[#answers + 1] = 'later'
  else
    local record = base .. 'r:' .. ARGV[at]
    local taken = redis.pcall('MEMORY', 'USAGE', record, 'SAMPLES', 0)
    local too_large = type(taken) == 'number' and taken > 2 * largest
    local fields = too_large and {err = 'too large'} or redis.pcall('HGETALL', record)
    if fields.err then
      answers[#answers + 1] = 'broken: its key has another type, or is too large'
    elseif #fields == 0 then
      answers[#answers + 1] = 'gone'
    else
      local size = 0
      for i = 2, #fields, 2 do
        if fields[i - 1] == 'request' or string.match(fields[i - 1], '^e%d+$') and is_text_only(fields[i]) then
          fields[i] = ''
        end
        size = size + #fields[i - 1] + #fields[i]
      end
      bytes = bytes + math.min(size, largest)
      answers[#answers + 1] = size > largest and 'broken: it has ' .. size .. ' bytes' or {fields, {}}
    end
  end
end
return answers
