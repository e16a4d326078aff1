-- Claims idempotency keys, looks whether the queues and the callers have room, and writes the records of generations
-- that are about to be added to them. Nothing runs yet: the jobs are added by upstream's own script afterwards.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 now ms, 2 claim ttl ms, 3 watcher, 4 "1" = refuse without a worker, 5 ms for which a claim is live after its
--         generation's end, 6 most claims of a caller; then for each generation: id, queue key ("<prefix>:<queue>"),
--         model, head, claim ("" = none), fingerprint, most that may wait, slots of a model without a known worker,
--         ttl ms, caller, most open generations of the caller ("0" = any number), "1" = it is begun at most once
-- Returns a list: for each {"admitted"} | {"held", id, "job" | "lost"} | {"conflict", id} | {"busy", open, slots} |
--         {"no_worker"} | {"too_many_open", limit} | {"claims_full"} | {"broken"} (a key of this generation's has another
--         type or other members than ours write)
local call, try, ARGV = redis.call, redis.pcall, ARGV
local base, now = KEYS[1], ARGV[1]
local dead_before, most_claims = tonumber(now) - tonumber(ARGV[5]), tonumber(ARGV[6])
local slots_of, open_of, admitted, entered, of_caller = {}, {}, {}, {}, {}
local answers, kAdmitted = {}, {'admitted'}

-- @include claims
-- @include lists
-- @include leases

-- The generations of a caller that have not ended, each until it has ended at the latest. Ends that a process of the
-- version before has written are found here: whatever is counted and not open any more is taken out.
local function open_generations(caller, limit)
  local key = base .. 'oc:' .. caller
  local open = try('ZCOUNT', key, '(' .. now, '+inf')
  if type(open) == 'table' or open < limit then return open end
  for _, id in ipairs(call('ZRANGE', key, 0, 199)) do
    local state = try('HGET', base .. 'r:' .. id, 'state')
    if state ~= 'queued' and state ~= 'running' then call('ZREM', key, id) end
  end
  return call('ZCOUNT', key, '(' .. now, '+inf')
end

local function refusal_of(at, queue, model)
  local slots = slots_of[model]
  if not slots then
    local _, leased = leases_of(base, model, now)
    slots = leased
    slots_of[model] = slots
  end
  if slots == 0 and ARGV[4] == '1' then return {'no_worker'} end
  local open = open_of[queue] or try('ZCARD', base .. 'o:' .. queue)
  if type(open) == 'table' then return {'broken'} end
  open_of[queue] = open
  slots = slots > 0 and slots or tonumber(ARGV[at + 7])
  if open >= slots + tonumber(ARGV[at + 6]) then return {'busy', open, slots} end
  local limit = tonumber(ARGV[at + 10])
  if limit > 0 then
    local mine = open_generations(ARGV[at + 9], limit)
    if type(mine) == 'table' then return {'broken'} end
    if mine >= limit then return {'too_many_open', limit} end
  end
  if ARGV[at + 4] == '' then return nil end
  local room = claim_room(base, ARGV[at + 9], ARGV[at + 4], most_claims, dead_before)
  if room == nil then return {'broken'} end
  return not room and {'claims_full'} or nil
end

local function count_open(record, at, id, ends_by)
  local key = base .. 'oc:' .. ARGV[at + 9]
  call('ZADD', key, ends_by, id)
  call('PEXPIRE', key, tonumber(ARGV[at + 8]) + 60000)
  call('HSET', record, 'counted', '1')
end

for at = 7, #ARGV, 12 do
  local id, queue, model, caller = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 9]
  local claim, is_limited = ARGV[at + 4], ARGV[at + 10] ~= '0'
  local answer = claim ~= '' and held_by(base, claim, ARGV[at + 5], queue) or refusal_of(at, queue, model)
  if not answer then
    answer = kAdmitted
    local record = base .. 'r:' .. id
    call('HSET', record, 'state', 'queued', 'queue', queue, 'head', ARGV[at + 3], 'seq', '1', 'attempt', '0', 'watch',
         ARGV[3], 'caller', caller, 'model', model, 'created', now)
    if ARGV[at + 11] == '1' then call('HSET', record, 'once', '1') end
    if claim ~= '' then write_claim(base, caller, claim, id, ARGV[at + 5], now, ARGV[2], ARGV[at + 8]) end
    if is_limited then
      count_open(record, at, id, string.format('%.0f', tonumber(now) + tonumber(ARGV[at + 8])))
    end
    call('PEXPIRE', record, ARGV[at + 8])
    enter(entered, '0', id)
    if caller ~= '' then enter(list_in(of_caller, caller), '0', id) end
    enter(list_in(admitted, queue), now, id)
    open_of[queue] = open_of[queue] + 1
  end
  answers[#answers + 1] = answer
end
enter_lists(base, entered, of_caller)
for queue, line in pairs(admitted) do
  call('ZADD', base .. 'o:' .. queue, unpack(line))
  try('SADD', base .. 'queues', queue)
end
return answers
