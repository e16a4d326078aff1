--[[
  Ends many active jobs and takes as many new ones as there are slots for them. For each job it leaves what upstream's
  moveToFinished leaves, and for each one taken what fetchNextJob leaves, with the same events in the same order; locks,
  metadata, retention and promotion are looked after once.

  A job that ends here has nothing to do but to end: no parent, no deduplication, no children of its own, a counter of
  attempts that is one, and it is in the call once. Other clients change each of these while the job is at work, so it is
  the stored job that is looked at, here; one that is different answers -100 with nothing done: it is for upstream's
  script. The caller sees to what only it can change: no token is "0", which means "without a lock" to the scripts.

  One bad job harms itself alone. What goes wrong while others end too is not the call's error but part of its answer.

    KEYS  1 wait, 2 active, 3 prioritized, 4 events, 5 stalled, 6 limiter, 7 delayed, 8 meta, 9 pc, 10 marker,
          11 completed, 12 failed, 13 metrics:completed, 14 metrics:failed
    ARGV  1 key prefix, 2 now ms, 3 lock duration ms, 4 worker's name ("" = none), 5 metrics' data points ("" = none),
          6 limiter's max ("" = none), 7 limiter's duration, 8 how many jobs end, then for each: id, token, "c" or "f",
          value, attempts it may have, fields to set (MessagePack; "" = none), what is kept (MessagePack of {count, age,
          limit}), "1" = take a job with this token; then tokens of more slots
    Output: a list: for each job that ends a negative code, 0 (ended; nothing taken) or what was taken; for further slots
            what was taken, up to the first that found nothing. Taken: {fields before this script took it,
            id}, or as fetchNextJob answers {fields or 0, id or 0, limit ms, next delayed}. One more element of a list
            is the text of what went wrong beside it
]]
-- Globals are looked up by name each time, and a number that is handed to Redis is printed as a double: what every job
-- passes is local, and text.
local KEYS, ARGV, rcall, rpcall = KEYS, ARGV, redis.call, redis.pcall
local find, format = string.find, string.format
local prefix, timestamp, lockDuration, workerName = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local waitKey, activeKey, prioritizedKey, eventsKey, metaKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[8]

-- Includes
--- @include "includes/getNextDelayedTimestamp"

-- Each function that a script defines is made anew in each call, and for one or two jobs that costs as much as their
-- commands. What few calls need is made by those.
local made
local function rare()
  if made then return made end
  --- @include "includes/collectMetrics"
  --- @include "includes/fetchNextJob"
  --- @include "includes/removeJobKeys"
  --- @include "includes/removeJobsByMaxAge"
  --- @include "includes/removeJobsByMaxCount"
  --- @include "includes/updateJobFields"
  made = {collectMetrics = collectMetrics, fetchNextJob = fetchNextJob, promoteDelayedJobs = promoteDelayedJobs,
          removeJobKeys = removeJobKeys, removeJobsByMaxAge = removeJobsByMaxAge,
          removeJobsByMaxCount = removeJobsByMaxCount, updateJobFields = updateJobFields}
  return made
end

local ending = tonumber(ARGV[8])
local meta = rcall("HMGET", metaKey, "opts.maxLenEvents", "paused", "concurrency", "max", "duration")

-- With limits each take is upstream's own, after each end.
local limiterMax = meta[4] or (ARGV[6] ~= "" and ARGV[6])
local careful = (limiterMax or meta[3]) and true
local answers, kept = {}, {}
local slots = #ARGV - 8 - ending * 8
local trouble

-- What HINCRBY counts on, as far as a double does.
local kCount = "^%d%d?%d?%d?%d?%d?%d?%d?%d?$"

-- ---- Whether each job may end, its lock, and its place among the active ones.
local refused, attempts = {}, {}
if ending > 0 then
  local lockKeys, childKeys = {}, {}
  for i = 1, ending do
    local key = prefix .. ARGV[i * 8 + 1]
    lockKeys[i] = key .. ":lock"
    childKeys[2 * i - 1] = key .. ":dependencies"
    childKeys[2 * i] = key .. ":unsuccessful"
  end
  local anyChildren = rcall("EXISTS", unpack(childKeys)) > 0
  local locks = rcall("MGET", unpack(lockKeys))
  local released, ids, seen = {}, {}, {}
  for i = 1, ending do
    local id = ARGV[i * 8 + 1]
    -- A key of that name that is no hash is an error here, and upstream's to tell.
    local stored = rpcall("HMGET", prefix .. id, "name", "atm", "parentKey", "parent", "deid")
    local made = stored[2]
    if stored[3] or stored[4] or stored[5] or stored.err or seen[id] or (made and not find(made, kCount)) then
      refused[i] = -100
    elseif not stored[1] and rcall("EXISTS", prefix .. id) == 0 then
      refused[i] = -1
    elseif anyChildren and rcall("EXISTS", childKeys[2 * i - 1], childKeys[2 * i]) > 0 then
      refused[i] = -100
    elseif locks[i] ~= ARGV[i * 8 + 2] then
      refused[i] = locks[i] and -6 or -2
    else
      attempts[i] = made and format("%d", made + 1) or "1"
      released[#released + 1] = lockKeys[i]
      ids[#ids + 1] = id
    end
    seen[id] = true
  end
  if #released > 0 then
    rcall("DEL", unpack(released))
    rcall("SREM", KEYS[5], unpack(ids))
  end
end

-- Out of the active list, with what its end says of it.
local function leave(i)
  local at = i * 8 + 1
  if ARGV[at + 5] ~= "" then rare().updateJobFields(prefix .. ARGV[at], ARGV[at + 5]) end
  if rcall("LREM", activeKey, "-1", ARGV[at]) < 1 then refused[i] = -3 end
end
if not careful then
  for i = 1, ending do
    if not refused[i] then leave(i) end
    if not refused[i] and ARGV[i * 8 + 8] == "1" then slots = slots + 1 end
  end
end

-- ---- What is there to take.
local isPaused = meta[2] and true or false
local taken, next, opts = {}, 0, nil
local promoted, nextDelayed = false, nil

local takeOneCarefully = careful and function(token)
  opts = opts or {lockDuration = lockDuration, name = workerName ~= "" and workerName or nil,
                  limiter = ARGV[6] ~= "" and {max = ARGV[6], duration = ARGV[7]} or nil}
  opts.token = token
  local fine, found = pcall(rare().fetchNextJob, waitKey, activeKey, prioritizedKey, eventsKey, KEYS[6], KEYS[7],
                            metaKey, KEYS[9], KEYS[10], prefix, timestamp, opts)
  if fine then return found end
  trouble = found
  return {0, 0, 0, 0}
end

-- Fills `taken` with as many ids as there are slots, oldest first.
local function takeIds()
  if #rcall("ZRANGEBYSCORE", KEYS[7], 0, (timestamp + 1) * 0x1000 - 1, "LIMIT", 0, 1) > 0 then
    rare().promoteDelayedJobs(KEYS[7], KEYS[10], waitKey, prioritizedKey, eventsKey, prefix, timestamp, KEYS[9],
                              isPaused)
  end
  if isPaused then return end
  if slots == 1 then
    -- One command for the commonest case of a queue that is nearly idle. Markers of versions before 5 begin with "0:".
    local id = rcall("RPOPLPUSH", waitKey, activeKey)
    while id and string.sub(id, 1, 2) == "0:" do
      rcall("LPOP", activeKey)
      id = rcall("RPOPLPUSH", waitKey, activeKey)
    end
    if id then
      taken[1] = id
      rcall("ZADD", KEYS[10], 0, "0")
      return
    end
  else
    for _, id in ipairs(rcall("RPOP", waitKey, slots) or {}) do
      if string.sub(id, 1, 2) ~= "0:" then taken[#taken + 1] = id end
    end
  end
  if #taken < slots then
    -- Those of the list are in no other place now, whatever becomes of this.
    local found = rpcall("ZPOPMIN", prioritizedKey, slots - #taken)
    if found.err then trouble = found end
    for at = 1, #found, 2 do taken[#taken + 1] = found[at] end
    if #taken < slots and not found.err then rcall("DEL", KEYS[9]) end
  end
  if #taken > 0 then
    -- unpack() takes just under 8,000 values (LUAI_MAXCSTACK).
    for from = 1, #taken, 7000 do rcall("LPUSH", activeKey, unpack(taken, from, math.min(from + 6999, #taken))) end
    rcall("ZADD", KEYS[10], 0, "0")
  end
end

local function takeNext(token)
  if careful then return takeOneCarefully(token) end
  if not promoted then
    promoted = true
    local fine, failure = pcall(takeIds)
    if not fine then trouble = failure end
  end
  if isPaused then return {0, 0, 0, 0} end
  next = next + 1
  local jobId = taken[next]
  if not jobId then
    if nextDelayed == nil then nextDelayed = getNextDelayedTimestamp(KEYS[7]) or false end
    return nextDelayed and {0, 0, 0, nextDelayed}
  end
  local jobKey = prefix .. jobId
  rcall("SET", jobKey .. ":lock", token, "PX", lockDuration)
  rcall("XADD", eventsKey, "*", "event", "active", "jobId", jobId, "prev", "waiting")
  local fields = rpcall("HGETALL", jobKey)
  if fields.err then
    -- It stays as upstream's script leaves it, active and locked. The others are taken all the same.
    trouble = fields
    return takeNext(token)
  end
  local starts = "1"
  for at = 1, #fields, 2 do
    if fields[at] == "ats" then starts = format("%d", (tonumber(fields[at + 1]) or 0) + 1) end
  end
  if workerName ~= "" then
    rcall("HSET", jobKey, "processedOn", timestamp, "pb", workerName, "ats", starts)
  else
    rcall("HSET", jobKey, "processedOn", timestamp, "ats", starts)
  end
  return {fields, jobId}
end

-- ---- One job after the other.
local drained, trimmed = false, false
local completedIds, failedIds = {}, {}
for i = 1, ending do
  local at = i * 8 + 1
  local jobId, completed = ARGV[at], ARGV[at + 2] == "c"
  if careful and not refused[i] then leave(i) end
  if refused[i] then
    answers[i] = refused[i]
  else
    if not trimmed then
      -- Before the events that tell of ends, so that none of these is cut. A short stream is cut before each end, so that
      -- it is as short afterwards as upstream's scripts leave it.
      trimmed = (tonumber(meta[1] or 10000) or 0) > 1000
      if not meta[1] then rcall("HSET", metaKey, "opts.maxLenEvents", 10000) end
      rcall("XTRIM", eventsKey, "MAXLEN", "~", meta[1] or 10000)
    end
    local jobKey = prefix .. jobId
    local field = completed and "returnvalue" or "failedReason"
    local keep = kept[ARGV[at + 6]]
    if not keep then
      keep = cmsgpack.unpack(ARGV[at + 6])
      kept[ARGV[at + 6]] = keep
    end
    if keep["count"] ~= 0 then
      local ended = completed and completedIds or failedIds
      ended[#ended + 1] = timestamp
      ended[#ended + 1] = jobId
      rcall("HSET", jobKey, "atm", attempts[i], field, ARGV[at + 3], "finishedOn", timestamp)
      if not completed then rcall("HDEL", jobKey, "defa") end
      local target = completed and "c" or "f"
      keep[target] = (keep[target] or 0) + 1
    else
      rare().removeJobKeys(jobKey)
    end
    rcall("XADD", eventsKey, "*", "event", completed and "completed" or "failed", "jobId", jobId, field, ARGV[at + 3],
          "prev", "active")
    if not completed and tonumber(attempts[i]) >= tonumber(ARGV[at + 4]) then
      rcall("XADD", eventsKey, "*", "event", "retries-exhausted", "jobId", jobId, "attemptsMade", attempts[i])
    end
    if ARGV[5] ~= "" then
      local metricsKey = completed and KEYS[13] or KEYS[14]
      -- The others are out of the active list too, and have to get to their end.
      local fine, failure = pcall(rare().collectMetrics, metricsKey, metricsKey .. ":data", ARGV[5], timestamp)
      if not fine then trouble = failure end
    end
    local result = ARGV[at + 7] == "1" and takeNext(ARGV[at + 1])
    drained = not result
    answers[i] = result or 0
  end
end
if #completedIds > 0 then rcall("ZADD", KEYS[11], unpack(completedIds)) end
if #failedIds > 0 then rcall("ZADD", KEYS[12], unpack(failedIds)) end
for at = 9 + ending * 8, #ARGV do
  local found = takeNext(ARGV[at]) or {0, 0, 0, 0}
  answers[#answers + 1] = found
  if found[2] == 0 then break end
end

-- Only after the last end nothing can be active any more.
if drained and rcall("LLEN", waitKey) == 0 and rcall("LLEN", activeKey) == 0 and
   rcall("ZCARD", prioritizedKey) == 0 then
  rcall("XADD", eventsKey, "*", "event", "drained")
end

-- What is not kept. The jobs have ended, and some were taken, whatever is wrong with those that ended long ago.
for _, keep in pairs(kept) do
  if keep["age"] or (keep["count"] or 0) > 0 then
    local function tidyUp(targetSet, ends)
      local oldest = keep["age"] and timestamp - keep["age"] * 1000
      if oldest and #rcall("ZRANGEBYSCORE", targetSet, "-inf", oldest, "LIMIT", 0, 1) > 0 then
        -- Upstream's script removes up to the limit after each end.
        local limit = keep["limit"] or 1000
        limit = math.max(limit, math.min(limit * ends, 1000))
        rare().removeJobsByMaxAge(timestamp, keep["age"], targetSet, prefix, limit)
      end
      local most = keep["count"] or 0
      if most > 0 and rcall("ZCARD", targetSet) > most then rare().removeJobsByMaxCount(most, targetSet, prefix) end
    end
    for target, targetSet in pairs({c = KEYS[11], f = KEYS[12]}) do
      local fine, failure = true, nil
      if keep[target] then fine, failure = pcall(tidyUp, targetSet, keep[target]) end
      if not fine then trouble = failure end
    end
  end
end

if not trouble then return answers end

-- redis.call's errors are tables {err = text} (texts before Redis 7).
local words = type(trouble) == "table" and trouble.err or trouble
-- A server that takes no writes has refused the first one already: nothing was done, and the client goes to another
-- server, or comes again.
for _, refusal in ipairs({"READONLY", "OOM", "MISCONF", "NOREPLICAS"}) do
  if find(words, refusal, 1, true) then return {err = words} end
end
-- Anything else goes with the last answer that has room for it.
for at = #answers, 1, -1 do
  if answers[at] == 0 then answers[at] = {0, 0, 0, 0} end
  if type(answers[at]) == "table" then
    answers[at][#answers[at] + 1] = words
    break
  end
end
return answers
