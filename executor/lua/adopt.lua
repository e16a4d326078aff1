-- Enters generations into the index of their caller that a process of the version before has made: it writes only the
-- index of all, "index". What this version has entered is in "all" as well, so the two differ where something is to be
-- adopted; counts of stretches tell where, so that the look costs little however long they are.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 how many to adopt at most
-- Returns {how many were adopted, "more" (there may be others) | ""}
local call, try = redis.call, redis.pcall
local base, most = KEYS[1], tonumber(ARGV[1])
local index, all = base .. 'index', base .. 'all'
local kLeaf = 64
-- So much of envelopes is read in one call.
local kMostBytes = 1048576
local adopted, bytes = 0, 0

-- Model and caller of an envelope. Ours begin like this, however long they are; others are decoded.
local function who_of(head)
  local model, caller = string.match(head, '^{"v":1,"id":"[%w_]+","model":"([^"\\]*)","input":{},"caller":"([^"\\]*)"[,}]')
  if model then return model, caller end
  local decoded, envelope = pcall(cjson.decode, head)
  if not decoded or type(envelope) ~= 'table' or type(envelope.model) ~= 'string' then return nil end
  return envelope.model, type(envelope.caller) == 'string' and envelope.caller or ''
end

local function is_full() return adopted >= most or bytes >= kMostBytes end

local function adopt(id)
  local record = base .. 'r:' .. id
  local known = try('HMGET', record, 'caller', 'head')
  if not known.err and known[2] then
    local caller = known[1]
    bytes = bytes + #known[2]
    if not caller then
      local model
      model, caller = who_of(known[2])
      if model then call('HSET', record, 'caller', caller, 'model', model) end
    end
    if caller and caller ~= '' then
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
    if not there[id] and not is_full() then adopt(id) end
    there[id] = nil
  end
  -- Taken back by a process of the version before.
  for id in pairs(there) do call('ZREM', all, id) end
end

local count = call('ZCARD', index)
if count == 0 then
  call('DEL', all)
  return {0, ''}
end
call('ZREMRANGEBYLEX', all, '-', '(' .. id_at(0))
call('ZREMRANGEBYLEX', all, '(' .. id_at(count - 1), '+')
local stretches = {{0, count - 1}}
while #stretches > 0 and not is_full() do
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
return {adopted, is_full() and 'more' or ''}
