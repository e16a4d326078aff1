-- The owner of sync generations, an API process that runs them itself, enters them and tells how they ended. A record
-- is the same as those of a queue's generations but for these members: `owner`, `log` ("1": its log is in the record, as
-- far as it has come), `held` and `end` (it has ended, its log is with its owner, and this is its last event). Its
-- `state` is running from the beginning and its `attempt` 01: readers take that for 1, and what a process of the version
-- before appends for a job that is not there is refused, because it is fenced with another text.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 now ms, 2 claim ttl ms, 3 ms for which a claim is live after its generation's end, 4 most claims of a caller,
--         5 owner, 6 lease ms of the owner; then for each generation: id, ttl ms (that it has from now on), and letters
--         that say what follows, in this order:
--         e: queue key, model, caller, created ms, head of its envelope (without this it is entered already)
--         c: claim, fingerprint, "1" = nothing is entered unless the claim is won
--         k: its envelope, which is kept in the record, and its log follows from the beginning
--         s: it has ended: state, number of its last event, events from the second on
--         l: it has ended, and its owner keeps its log: state, number of its last event, that event
-- Returns a list: for each "entered" | {"double", id} (entered, and its claim is another generation's) | {"ended", state}
--         (it had ended before; nothing was changed) | {"unknown"} (it is not entered, and there was no e)
--         | {"held", id, "job" | "lost"} | {"conflict", id} | {"claims_full"} | {"broken"} (a key of this generation's has
--         another type or other members than ours write, or it is another owner's)
local call, try, ARGV = redis.call, redis.pcall, ARGV
local base, now, owner = KEYS[1], ARGV[1], ARGV[5]
local dead_before, most_claims = tonumber(now) - tonumber(ARGV[3]), tonumber(ARGV[4])
local answers, forms, kSizes = {}, {}, {e = 5, c = 3, k = 1, s = 3, l = 3}
local entered, of_caller, opened, closed, longest = {}, {}, {}, {}, 0

-- @include claims
-- @include lists

-- Where, counted from the id, the arguments of each letter begin, and how many there are in all. Most generations of a
-- call have the same letters.
local function form_of(letters)
  local form = forms[letters]
  if form then return form end
  form = {size = 3}
  for letter in letters:gmatch('.') do
    form[letter] = form.size
    form.size = form.size + kSizes[letter]
  end
  forms[letters] = form
  return form
end

-- What stands in the way of the claim at `c` of the entry at `e`, if anything does.
local function refusal_of(id, e, c)
  local held = held_by(base, ARGV[c], ARGV[c + 1], ARGV[e])
  -- The same call again: its answer was lost.
  if held and held[2] == id then return nil end
  if held then return held end
  local room = claim_room(base, ARGV[e + 2], ARGV[c], most_claims, dead_before)
  if room == nil then return {'broken'} end
  return not room and {'claims_full'} or nil
end

-- The members that say how it ended.
local function end_members(at, form)
  if form.s then return 'seq', ARGV[at + form.s + 1], 'e2', ARGV[at + form.s + 2], 'log', '1' end
  return 'held', '1', 'end', ARGV[at + form.l + 2]
end

local function write_record(record, e, state, ...)
  call('HSET', record, 'state', state, 'queue', ARGV[e], 'head', ARGV[e + 4], 'seq', '1', 'attempt', '01', 'worker',
       owner, 'owner', owner, 'watch', '', 'caller', ARGV[e + 2], 'model', ARGV[e + 1], 'created', ARGV[e + 3], ...)
end

local function create(record, id, ttl, at, form)
  local e, c = at + form.e, form.c and at + form.c
  local refusal = c and refusal_of(id, e, c) or nil
  if refusal and ARGV[c + 2] == '1' then return refusal end
  local caller, ending = ARGV[e + 2], form.s or form.l
  if ending then
    -- One write for both, which most generations that are as short as a call need.
    write_record(record, e, ARGV[at + ending], end_members(at, form))
  else
    write_record(record, e, 'running')
    enter(opened, ARGV[e + 3], id)
    longest = math.max(longest, tonumber(ttl))
  end
  if form.k then call('HSET', record, 'request', ARGV[at + form.k], 'log', '1') end
  if c and not refusal then
    write_claim(base, caller, ARGV[c], id, ARGV[c + 1], now, ARGV[2], ttl)
    if ending then try('ZADD', base .. 'kc:' .. caller, 'XX', now, ARGV[c]) end
  end
  call('PEXPIRE', record, ttl)
  enter(entered, '0', id)
  if caller ~= '' then
    enter(list_in(of_caller, caller), '0', id)
  end
  return refusal and (refusal[1] == 'held' or refusal[1] == 'conflict') and {'double', refusal[2]} or 'entered'
end

local function write_end(record, ttl, at, form, caller, claim)
  call('HSET', record, 'state', ARGV[at + (form.s or form.l)], 'watch', '', end_members(at, form))
  call('PEXPIRE', record, ttl)
  if claim then try('ZADD', base .. 'kc:' .. caller, 'XX', now, claim) end
end

local at = 7
while at <= #ARGV do
  local id, ttl, form = ARGV[at], ARGV[at + 1], form_of(ARGV[at + 2])
  local record, ends, answer = base .. 'r:' .. id, form.s or form.l, nil
  local known = try('HMGET', record, 'state', 'owner', 'caller', 'claim')
  if known.err or known[1] and known[2] ~= owner then
    answer = {'broken'}
  elseif not known[1] then
    answer = form.e and create(record, id, ttl, at, form) or {'unknown'}
  elseif known[1] ~= 'running' then
    answer = {'ended', known[1]}
  else
    if ends then write_end(record, ttl, at, form, known[3] or '', known[4]) end
    answer = 'entered'
  end
  -- One that was entered together with its end was never among the open ones.
  if ends and (known.err or known[1]) then closed[#closed + 1] = id end
  answers[#answers + 1] = answer
  at = at + form.size
end

enter_lists(base, entered, of_caller)
local own = base .. 'so:' .. owner
if #opened > 0 then
  try('ZADD', own, unpack(opened))
  try('PEXPIRE', own, string.format('%.0f', longest + 86400000))
end
if #closed > 0 then try('ZREM', own, unpack(closed)) end
-- It may not have renewed its lease yet: nobody takes it for gone meanwhile.
if #entered > 0 then
  local time = call('TIME')
  local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  try('ZADD', base .. 'owners', string.format('%.0f', now_ms + tonumber(ARGV[6])), owner)
end
return answers
