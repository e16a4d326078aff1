-- Enters generations into the index of their caller that a process of the version before has made: it writes only the
-- index of all, "index". What this version has entered is in "all" as well, so the two differ where something is to be
-- adopted; counts of stretches tell where, so that the look costs little however long they are.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 how many to adopt at most
-- Returns how many were adopted
local call, try = redis.call, redis.pcall
local base, most = KEYS[1], tonumber(ARGV[1])
local index, all = base .. 'index', base .. 'all'
local kLeaf = 64
local adopted = 0

local function adopt(id)
  local record = base .. 'r:' .. id
  local known = try('HMGET', record, 'caller', 'head')
  if not known.err and known[2] then
    local caller = known[1]
    if not caller then
      local decoded, head = pcall(cjson.decode, known[2])
      if decoded and type(head) == 'table' and type(head.model) == 'string' then
        caller = type(head.caller) == 'string' and head.caller or ''
        call('HSET', record, 'caller', caller, 'model', head.model)
      end
    end
    if caller then
      try('ZADD', base .. 'of:' .. caller, '0', id)
      try('SADD', base .. 'callers', caller)
    end
  end
  call('ZADD', all, '0', id)
  adopted = adopted + 1
end

local function id_at(rank) return call('ZRANGE', index, rank, rank)[1] end

local function compare(first, last)
  local here, there = call('ZRANGE', index, first, last), {}
  for _, id in ipairs(call('ZRANGEBYLEX', all, '[' .. here[1], '[' .. here[#here])) do there[id] = true end
  for _, id in ipairs(here) do
    if not there[id] and adopted < most then adopt(id) end
    there[id] = nil
  end
  -- Taken back by a process of the version before.
  for id in pairs(there) do call('ZREM', all, id) end
end

local count = call('ZCARD', index)
if count == 0 then
  call('DEL', all)
  return 0
end
call('ZREMRANGEBYLEX', all, '-', '(' .. id_at(0))
call('ZREMRANGEBYLEX', all, '(' .. id_at(count - 1), '+')
local stretches = {{0, count - 1}}
while #stretches > 0 and adopted < most do
  local first, last = unpack(table.remove(stretches))
  if last - first < kLeaf then
    compare(first, last)
  elseif call('ZLEXCOUNT', all, '[' .. id_at(first), '[' .. id_at(last)) ~= last - first + 1 or
         not call('ZSCORE', all, id_at(last)) then
    local middle = math.floor((first + last) / 2)
    stretches[#stretches + 1] = {first, middle}
    stretches[#stretches + 1] = {middle + 1, last}
  end
end
return adopted
