--[[
  Ends many active jobs and takes as many new ones as there are slots for them. For each job it leaves what upstream's
  moveToFinished leaves, and for each one taken what fetchNextJob leaves, with the same events in the same order; locks,
  metadata, retention and promotion are looked after once.

  Preconditions, which the caller sees to: no job that ends has a parent or deduplication, and its lock's token is not
  "0". A job that has children of its own answers -100: it is for upstream's script.

    KEYS  1 wait, 2 active, 3 prioritized, 4 events, 5 stalled, 6 limiter, 7 delayed, 8 meta, 9 pc, 10 marker,
          11 completed, 12 failed, 13 metrics:completed, 14 metrics:failed
    ARGV  1 key prefix, 2 now ms, 3 lock duration ms, 4 worker's name ("" = none), 5 metrics' data points ("" = none),
          6 limiter's max ("" = none), 7 limiter's duration, 8 how many jobs end, then for each: id, token, "c" or "f",
          value, attempts made after this one, attempts it may have, fields to set (MessagePack; "" = none), what is kept
          (MessagePack of {count, age, limit}), "1" = take a job with this token; then tokens of more slots
    Output: a list: for each job that ends a negative code, 0 (ended; nothing taken) or what was taken; for further slots
            what was taken, up to the first that found nothing. Taken: {fields before this script took it, id}, or as
            fetchNextJob answers {fields or 0, id or 0, limit ms, next delayed}
]]
-- Globals are looked up by name each time, and a number that is handed to Redis is printed as a double: what every job
-- passes is local, and text.
local KEYS, ARGV, rcall = KEYS, ARGV, redis.call
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
local slots = #ARGV - 8 - ending * 9

-- ---- Whether each job may end, its lock, and its place among the active ones.
local refused = {}
if ending > 0 then
  local jobKeys, lockKeys, childKeys = {}, {}, {}
  for i = 1, ending do
    local key = prefix .. ARGV[i * 9]
    jobKeys[i] = key
    lockKeys[i] = key .. ":lock"
    childKeys[2 * i - 1] = key .. ":dependencies"
    childKeys[2 * i] = key .. ":unsuccessful"
  end
  local allThere = rcall("EXISTS", unpack(jobKeys)) == ending
  local anyChildren = rcall("EXISTS", unpack(childKeys)) > 0
  local locks = rcall("MGET", unpack(lockKeys))
  local released, ids = {}, {}
  for i = 1, ending do
    if not allThere and rcall("EXISTS", jobKeys[i]) == 0 then
      refused[i] = -1
    elseif anyChildren and rcall("EXISTS", childKeys[2 * i - 1], childKeys[2 * i]) > 0 then
      refused[i] = -100
    elseif locks[i] ~= ARGV[i * 9 + 1] then
      refused[i] = locks[i] and -6 or -2
    else
      released[#released + 1] = lockKeys[i]
      ids[#ids + 1] = ARGV[i * 9]
    end
  end
  if #released > 0 then
    rcall("DEL", unpack(released))
    rcall("SREM", KEYS[5], unpack(ids))
  end
end

-- Out of the active list, with what its end says of it.
local function leave(i)
  if ARGV[i * 9 + 6] ~= "" then rare().updateJobFields(prefix .. ARGV[i * 9], ARGV[i * 9 + 6]) end
  if rcall("LREM", activeKey, "-1", ARGV[i * 9]) < 1 then refused[i] = -3 end
end
if not careful then
  for i = 1, ending do
    if not refused[i] then leave(i) end
    if not refused[i] and ARGV[i * 9 + 8] == "1" then slots = slots + 1 end
  end
end

-- ---- What is there to take.
local isPaused = meta[2] and true or false
local taken, next, opts = {}, 0, nil
local promoted, nextDelayed = false, nil

local function takeOneCarefully(token)
  opts = opts or {lockDuration = lockDuration, name = workerName ~= "" and workerName or nil,
                  limiter = ARGV[6] ~= "" and {max = ARGV[6], duration = ARGV[7]} or nil}
  opts.token = token
  return rare().fetchNextJob(waitKey, activeKey, prioritizedKey, eventsKey, KEYS[6], KEYS[7], metaKey, KEYS[9],
                             KEYS[10], prefix, timestamp, opts)
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
    local found = rcall("ZPOPMIN", prioritizedKey, slots - #taken)
    for at = 1, #found, 2 do taken[#taken + 1] = found[at] end
    if #taken < slots then rcall("DEL", KEYS[9]) end
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
    takeIds()
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
  local fields = rcall("HGETALL", jobKey)
  local starts = "1"
  for at = 1, #fields, 2 do
    if fields[at] == "ats" then starts = string.format("%d", (tonumber(fields[at + 1]) or 0) + 1) end
  end
  if workerName ~= "" then
    rcall("HSET", jobKey, "processedOn", timestamp, "pb", workerName, "ats", starts)
  else
    rcall("HSET", jobKey, "processedOn", timestamp, "ats", starts)
  end
  return {fields, jobId}
end

-- Before the first event that tells of an end, so that none is cut.
local trimmed = false
local function trimEventsOnce()
  if trimmed then return end
  trimmed = true
  if not meta[1] then rcall("HSET", metaKey, "opts.maxLenEvents", 10000) end
  rcall("XTRIM", eventsKey, "MAXLEN", "~", meta[1] or 10000)
end

-- ---- One job after the other.
local drained = false
for i = 1, ending do
  local at = i * 9
  local jobId, completed = ARGV[at], ARGV[at + 2] == "c"
  if careful and not refused[i] then leave(i) end
  if refused[i] then
    answers[i] = refused[i]
  else
    trimEventsOnce()
    local jobKey = prefix .. jobId
    local field = completed and "returnvalue" or "failedReason"
    local keep = kept[ARGV[at + 7]]
    if not keep then
      keep = cmsgpack.unpack(ARGV[at + 7])
      kept[ARGV[at + 7]] = keep
    end
    if keep["count"] ~= 0 then
      rcall("ZADD", completed and KEYS[11] or KEYS[12], timestamp, jobId)
      rcall("HSET", jobKey, "atm", ARGV[at + 4], field, ARGV[at + 3], "finishedOn", timestamp)
      if not completed then rcall("HDEL", jobKey, "defa") end
      keep[completed and "c" or "f"] = true
    else
      rare().removeJobKeys(jobKey)
    end
    rcall("XADD", eventsKey, "*", "event", completed and "completed" or "failed", "jobId", jobId, field, ARGV[at + 3],
          "prev", "active")
    if not completed and tonumber(ARGV[at + 4]) >= tonumber(ARGV[at + 5]) then
      rcall("XADD", eventsKey, "*", "event", "retries-exhausted", "jobId", jobId, "attemptsMade", ARGV[at + 4])
    end
    if ARGV[5] ~= "" then
      local metricsKey = completed and KEYS[13] or KEYS[14]
      rare().collectMetrics(metricsKey, metricsKey .. ":data", ARGV[5], timestamp)
    end
    local result = ARGV[at + 8] == "1" and takeNext(ARGV[at + 1])
    drained = not result
    answers[i] = result or 0
  end
end
for at = 9 + ending * 9, #ARGV do
  local found = takeNext(ARGV[at]) or {0, 0, 0, 0}
  answers[#answers + 1] = found
  if found[2] == 0 then break end
end

-- Only after the last end nothing can be active any more.
if drained and rcall("LLEN", waitKey) == 0 and rcall("LLEN", activeKey) == 0 and
   rcall("ZCARD", prioritizedKey) == 0 then
  rcall("XADD", eventsKey, "*", "event", "drained")
end

local function removeWhatIsNotKept(keep, targetSet)
  local oldest = keep["age"] and timestamp - keep["age"] * 1000
  if oldest and #rcall("ZRANGEBYSCORE", targetSet, "-inf", oldest, "LIMIT", 0, 1) > 0 then
    rare().removeJobsByMaxAge(timestamp, keep["age"], targetSet, prefix, keep["limit"] or 1000)
  end
  local most = keep["count"] or 0
  if most > 0 and rcall("ZCARD", targetSet) > most then rare().removeJobsByMaxCount(most, targetSet, prefix) end
end
for _, keep in pairs(kept) do
  if keep["c"] then removeWhatIsNotKept(keep, KEYS[11]) end
  if keep["f"] then removeWhatIsNotKept(keep, KEYS[12]) end
end
return answers
