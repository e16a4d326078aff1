-- Claims idempotency keys, looks whether the queues have room, and writes the records of generations that are about to
-- be added to them. Nothing runs yet: the jobs are added by upstream's own script afterwards.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 now ms, 2 claim ttl ms, 3 watcher, 4 "1" = refuse without a worker; then for each generation: id, queue key
--         ("<prefix>:<queue>"), model, head, claim ("" = none), fingerprint, most that may wait, slots of a model without
--         a known worker, ttl ms
-- Returns a list: for each {"admitted"} | {"held", id, "job" | "lost"} | {"conflict", id} | {"busy", open, slots} |
--         {"no_worker"}
local call, ARGV = redis.call, ARGV
local base, now = KEYS[1], ARGV[1]
local slots_of, open_of, admitted, entered = {}, {}, {}, {}
local answers = {}

-- What is known of the claim's generation, if there is one.
local function held_by(claim, fingerprint, queue)
  local held = call('HMGET', claim, 'id', 'fingerprint')
  if not held[1] then return nil end
  local first = call('HMGET', base .. 'r:' .. held[1], 'state', 'seq', 'void')
  -- One that failed on its way to the queue never was: the key is free.
  if first[3] then return nil end
  if held[2] ~= fingerprint then return {'conflict', held[1]} end
  -- A record that waits for a job which is not there: whoever claimed the key did not get as far as the queue.
  local lost = first[1] == 'queued' and first[2] == '1' and call('EXISTS', queue .. ':' .. held[1]) == 0
  return {'held', held[1], lost and 'lost' or 'job'}
end

local function leased_slots(model)
  local slots = 0
  for _, lease in ipairs(call('ZRANGEBYSCORE', base .. 'l:' .. model, '(' .. now, '+inf')) do
    slots = slots + (tonumber(string.match(lease, '^%d+')) or 0)
  end
  return slots
end

for at = 5, #ARGV, 9 do
  local id, queue, model = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local claim = ARGV[at + 4] ~= '' and base .. 'k:' .. ARGV[at + 4]
  local answer = claim and held_by(claim, ARGV[at + 5], queue)
  if not answer then
    local slots = slots_of[model]
    if not slots then
      slots = leased_slots(model)
      slots_of[model] = slots
    end
    local open = open_of[queue] or call('ZCARD', base .. 'o:' .. queue)
    if slots == 0 and ARGV[4] == '1' then
      answer = {'no_worker'}
    elseif open >= (slots > 0 and slots or tonumber(ARGV[at + 7])) + tonumber(ARGV[at + 6]) then
      answer = {'busy', open, slots > 0 and slots or tonumber(ARGV[at + 7])}
    else
      answer = {'admitted'}
      if claim then
        call('HSET', claim, 'id', id, 'fingerprint', ARGV[at + 5])
        call('PEXPIRE', claim, ARGV[2])
      end
      local record = base .. 'r:' .. id
      call('HSET', record, 'state', 'queued', 'queue', queue, 'head', ARGV[at + 3], 'seq', '1', 'attempt', '0',
                 'watch', ARGV[3])
      call('PEXPIRE', record, ARGV[at + 8])
      entered[#entered + 1] = '0'
      entered[#entered + 1] = id
      local line = admitted[queue]
      if not line then
        line = {}
        admitted[queue] = line
      end
      line[#line + 1] = now
      line[#line + 1] = id
      open = open + 1
    end
    open_of[queue] = open
  end
  answers[#answers + 1] = answer
end
if #entered > 0 then call('ZADD', base .. 'index', unpack(entered)) end
for queue, line in pairs(admitted) do call('ZADD', base .. 'o:' .. queue, unpack(line)) end
return answers
