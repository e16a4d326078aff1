-- Reads that answer 0, {} or false where a key has another type than ours: one broken key harms no look at the others.
local function count(...)
  local answer = redis.pcall(...)
  return type(answer) == 'number' and answer or 0
end

local function list(...)
  local answer = redis.pcall(...)
  return type(answer) == 'table' and not answer.err and answer or {}
end

local function text(...)
  local answer = redis.pcall(...)
  return type(answer) == 'string' and answer
end
