-- The owner of sync generations, an API process that runs them itself, enters them and tells how they ended. A record
-- is the same as those of a queue's generations but for these members: `owner`, `log` ("1": its log is in the record, as
-- far as it has come), `held` and `end` (it has ended, its log is with its owner, and this is its last event). Its
-- `state` is running from the beginning and its `attempt` 01: readers take that for 1, and what a process of the version
-- before appends for a job that is not there is refused, because it is fenced with another text.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 now ms, 2 claim ttl ms, 3 ms for which a claim is live after its generation's end, 4 most claims of a caller,
--         5 owner, 6 lease ms of the owner; then for each generation: id, queue key, model, caller, created ms, ttl ms
--         (that it has from now on), head ("" = it is entered already), request ("" = kept by its owner), "1" = its log
--         follows, claim ("" = none), fingerprint, "1" = nothing is entered unless the claim is won, state ("" = open),
--         number of its last event, events from the second on ("" = kept by its owner), last event (where those are kept)
-- Returns a list: for each {"entered"} | {"double", id} (entered, and its claim is another generation's) | {"ended", state}
--         (it had ended before; nothing was changed) | {"unknown"} (it is not entered, and there was no head)
--         | {"held", id, "job" | "lost"} | {"conflict", id} | {"claims_full"} | {"broken"} (a key of this generation's has
--         another type or other members than ours write, or it is another owner's)
local call, try, ARGV = redis.call, redis.pcall, ARGV
local base, now, owner = KEYS[1], ARGV[1], ARGV[5]
local dead_before, most_claims = tonumber(now) - tonumber(ARGV[3]), tonumber(ARGV[4])
local answers, kEntered = {}, {'entered'}
local entered, of_caller, opened, closed, longest = {}, {}, {}, {}, 0

-- @include claims
-- @include lists

-- What stands in the way of a claim, if anything does.
local function refusal_of(at, id)
  local held = held_by(base, ARGV[at + 9], ARGV[at + 10], ARGV[at + 1])
  -- The same call again: its answer was lost.
  if held and held[2] == id then return nil end
  if held then return held end
  local room = claim_room(base, ARGV[at + 3], ARGV[at + 9], most_claims, dead_before)
  if room == nil then return {'broken'} end
  return not room and {'claims_full'} or nil
end

local function write_end(record, at, caller, claim)
  local state, events = ARGV[at + 12], ARGV[at + 14]
  if events ~= '' then
    call('HSET', record, 'state', state, 'seq', ARGV[at + 13], 'e2', events, 'log', '1', 'watch', '')
  else
    call('HSET', record, 'state', state, 'held', '1', 'end', ARGV[at + 15], 'watch', '')
  end
  call('PEXPIRE', record, ARGV[at + 5])
  if claim then try('ZADD', base .. 'kc:' .. caller, 'XX', now, claim) end
end

local function create(record, at, id)
  local caller, claim, answer = ARGV[at + 3], ARGV[at + 9], nil
  local refusal = claim ~= '' and refusal_of(at, id) or nil
  if refusal and ARGV[at + 11] == '1' then return refusal end
  call('HSET', record, 'state', 'running', 'queue', ARGV[at + 1], 'head', ARGV[at + 6], 'seq', '1', 'attempt', '01',
       'worker', owner, 'owner', owner, 'watch', '', 'caller', caller, 'model', ARGV[at + 2], 'created', ARGV[at + 4])
  if ARGV[at + 7] ~= '' then call('HSET', record, 'request', ARGV[at + 7]) end
  if ARGV[at + 8] == '1' then call('HSET', record, 'log', '1') end
  if claim ~= '' and not refusal then
    write_claim(base, caller, claim, id, ARGV[at + 10], now, ARGV[2], ARGV[at + 5])
  end
  enter(entered, '0', id)
  if caller ~= '' then
    enter(list_in(of_caller, caller), '0', id)
  end
  if ARGV[at + 12] == '' then
    call('PEXPIRE', record, ARGV[at + 5])
    enter(opened, ARGV[at + 4], id)
    longest = math.max(longest, tonumber(ARGV[at + 5]))
  else
    write_end(record, at, caller, claim ~= '' and not refusal and claim)
  end
  return refusal and refusal[1] == 'held' and {'double', refusal[2]} or refusal and refusal[1] == 'conflict' and
         {'double', refusal[2]} or kEntered
end

for at = 7, #ARGV, 16 do
  local id = ARGV[at]
  local record = base .. 'r:' .. id
  local known = try('HMGET', record, 'state', 'owner', 'caller', 'claim')
  local answer
  if known.err or known[1] and known[2] ~= owner then
    answer = {'broken'}
  elseif not known[1] then
    answer = ARGV[at + 6] == '' and {'unknown'} or create(record, at, id)
  elseif known[1] ~= 'running' then
    answer = {'ended', known[1]}
  else
    if ARGV[at + 12] ~= '' then write_end(record, at, known[3] or '', known[4]) end
    answer = kEntered
  end
  if ARGV[at + 12] ~= '' then closed[#closed + 1] = id end
  answers[#answers + 1] = answer
end

enter_lists(base, entered, of_caller)
local own = base .. 'so:' .. owner
if #closed > 0 then try('ZREM', own, unpack(closed)) end
if #opened > 0 then
  try('ZADD', own, unpack(opened))
  try('PEXPIRE', own, string.format('%.0f', longest + 86400000))
end
-- It may not have renewed its lease yet: nobody takes it for gone meanwhile.
if #entered > 0 then
  local time = call('TIME')
  local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  try('ZADD', base .. 'owners', string.format('%.0f', now_ms + tonumber(ARGV[6])), owner)
end
return answers
