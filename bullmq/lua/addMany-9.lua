--[[
  Adds many jobs in the order given. Each leaves what upstream's addStandardJob, addDelayedJob or addPrioritizedJob
  leaves, and emits the same events; what does not depend on the job is read and written once.

  Preconditions, which the caller sees to: no job has a parent, deduplication or a scheduler; none has both a delay and
  a priority.

    KEYS  1 wait, 2 meta, 3 id, 4 delayed, 5 active, 6 events, 7 marker, 8 prioritized, 9 pc
    ARGV  1 key prefix, then for each job: custom id ("" = none), name, data, options (JSON), timestamp, kind
          kind: "" FIFO, "l" LIFO, "d" and ms: delayed, "p" and a number: prioritized
    Output: {the first job's number, then for each job that was not simply added: its place from 1 and 0 (there is one
            with this id already) or the error that it met}
]]
local rcall = redis.call
local prefix = ARGV[1]
local eventsKey = KEYS[6]

-- Made only by the calls that need them: each function that a script defines is made anew in each call.
local made
local function rare()
  if made then return made end
  -- Includes
  --- @include "includes/addDelayedJob"
  --- @include "includes/getPriorityScore"
  made = {addDelayedJob = addDelayedJob, getPriorityScore = getPriorityScore}
  return made
end

local meta = rcall("HMGET", KEYS[2], "opts.maxLenEvents", "paused", "concurrency")
local maxEvents = meta[1]
if not maxEvents then
  maxEvents = 10000
  rcall("HSET", KEYS[2], "opts.maxLenEvents", maxEvents)
end
local isPausedOrMaxed = meta[2] or (meta[3] and rcall("LLEN", KEYS[5]) >= tonumber(meta[3]))

local count = (#ARGV - 1) / 6
local before = rcall("INCRBY", KEYS[3], count) - count
local answer = {before + 1}
local fifo, lifo, prioritized = {}, {}, {}

for i = 1, count do
  local at = i * 6 - 4
  local jobId = ARGV[at]
  if jobId == "" then jobId = (before + i) .. "" end
  local jobKey = prefix .. jobId
  if ARGV[at] ~= "" and rcall("EXISTS", jobKey) == 1 then
    rcall("XADD", eventsKey, "*", "event", "duplicated", "jobId", jobId)
    answer[#answer + 1] = i
    answer[#answer + 1] = 0
  else
    local mode = ARGV[at + 5]
    local kind, value = string.sub(mode, 1, 1), string.sub(mode, 2)
    local stored = redis.pcall("HSET", jobKey, "name", ARGV[at + 1], "data", ARGV[at + 2], "opts", ARGV[at + 3],
                               "timestamp", ARGV[at + 4], "delay", kind == "d" and value or "0",
                               "priority", kind == "p" and value or "0")
    if type(stored) == "table" and stored.err then
      answer[#answer + 1] = i
      answer[#answer + 1] = stored
    else
      rcall("XADD", eventsKey, "*", "event", "added", "jobId", jobId, "name", ARGV[at + 1])
      if kind == "d" then
        rare().addDelayedJob(jobId, KEYS[4], eventsKey, ARGV[at + 4], maxEvents, KEYS[7], value)
      else
        if kind == "p" then
          prioritized[#prioritized + 1] = rare().getPriorityScore(tonumber(value), KEYS[9])
          prioritized[#prioritized + 1] = jobId
        elseif kind == "l" then
          lifo[#lifo + 1] = jobId
        else
          fifo[#fifo + 1] = jobId
        end
        rcall("XADD", eventsKey, "*", "event", "waiting", "jobId", jobId)
      end
    end
  end
end

-- The two ends of the list do not meet, so the order between them does not matter.
if #fifo > 0 then rcall("LPUSH", KEYS[1], unpack(fifo)) end
if #lifo > 0 then rcall("RPUSH", KEYS[1], unpack(lifo)) end
if #prioritized > 0 then rcall("ZADD", KEYS[8], unpack(prioritized)) end
if not isPausedOrMaxed and #fifo + #lifo + #prioritized > 0 then rcall("ZADD", KEYS[7], 0, "0") end
rcall("XTRIM", eventsKey, "MAXLEN", "~", maxEvents)
return answer
