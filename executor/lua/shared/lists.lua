-- Lists of generations, gathered while a call enters many and written at its end.

local function enter(list, score, member)
  list[#list + 1] = score
  list[#list + 1] = member
end

local function list_in(lists, name)
  local list = lists[name]
  if not list then
    list = {}
    lists[name] = list
  end
  return list
end

-- What is in the lists of all generations, and of those callers that have one. A list that has been given another type is
-- not worth refusing what runs without it.
local function enter_lists(base, entered, of_caller)
  if #entered > 0 then
    redis.pcall('ZADD', base .. 'index', unpack(entered))
    redis.pcall('ZADD', base .. 'all', unpack(entered))
  end
  -- Only callers with keys have lists of their own: without keys everybody sees everything.
  for caller, mine in pairs(of_caller) do
    redis.pcall('ZADD', base .. 'of:' .. caller, unpack(mine))
    redis.pcall('SADD', base .. 'callers', caller)
  end
end
