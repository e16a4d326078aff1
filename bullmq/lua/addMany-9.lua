--[[
  Adds many jobs in the order given. Each leaves what upstream's addStandardJob, addDelayedJob or addPrioritizedJob
  leaves, and emits the same events; what does not depend on the job is read and written once.

  What the caller sees to, as it depends on its arguments alone: no job has a parent, deduplication or a scheduler; none
  has both a delay and a priority. One job that cannot be added fails alone.

    KEYS  1 wait, 2 meta, 3 id, 4 delayed, 5 active, 6 events, 7 marker, 8 prioritized, 9 pc
    ARGV  1 key prefix, then for each job: custom id ("" = none), name, data, options (JSON), timestamp, kind
          kind: "" FIFO, "l" LIFO, "d" and ms: delayed, "p" and a number: prioritized
    Output: {the first job's number, then for each job that was not simply added: its place from 1 and 0 (there is one
            with this id already) or the error that it met}
]]
-- Globals are looked up by name each time, and a number that is handed to Redis is printed as a double: what every job
-- passes is local, and text.
local KEYS, ARGV, rcall, rpcall, format = KEYS, ARGV, redis.call, redis.pcall, string.format
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
  if jobId == "" then jobId = format("%d", before + i) end
  local jobKey = prefix .. jobId
  if ARGV[at] ~= "" and rcall("EXISTS", jobKey) == 1 then
    -- A key that is no job, as the queue's own lists are, is an error here as in upstream's script.
    local other = rpcall("HGET", jobKey, "parentKey")
    local isJob = type(other) ~= "table"
    if isJob then rcall("XADD", eventsKey, "*", "event", "duplicated", "jobId", jobId) end
    answer[#answer + 1] = i
    answer[#answer + 1] = isJob and 0 or other
  else
    local mode = ARGV[at + 5]
    local kind, value = "", nil
    if mode ~= "" then kind, value = string.sub(mode, 1, 1), string.sub(mode, 2) end
    local stored = rpcall("HSET", jobKey, "name", ARGV[at + 1], "data", ARGV[at + 2], "opts", ARGV[at + 3],
                         "timestamp", ARGV[at + 4], "delay", kind == "d" and value or "0",
                         "priority", kind == "p" and value or "0")
    -- The number of new fields, but for an error.
    local failure = stored ~= 6 and type(stored) == "table" and stored
    if not failure then
      rcall("XADD", eventsKey, "*", "event", "added", "jobId", jobId, "name", ARGV[at + 1])
      -- Those that are stored already have to get into their lists, whatever is wrong with the place of this one.
      if kind == "d" then
        local fine, why = pcall(rare().addDelayedJob, jobId, KEYS[4], eventsKey, ARGV[at + 4], maxEvents, KEYS[7], value)
        if not fine then failure = why end
      else
        if kind == "p" then
          local fine, score = pcall(rare().getPriorityScore, tonumber(value), KEYS[9])
          if fine then
            prioritized[#prioritized + 1] = score
            prioritized[#prioritized + 1] = jobId
          else
            failure = score
          end
        elseif kind == "l" then
          lifo[#lifo + 1] = jobId
        else
          fifo[#fifo + 1] = jobId
        end
        if not failure then rcall("XADD", eventsKey, "*", "event", "waiting", "jobId", jobId) end
      end
    end
    if failure then
      answer[#answer + 1] = i
      answer[#answer + 1] = type(failure) == "table" and failure or {err = failure}
    end
  end
end

-- unpack() takes just under 8,000 values (LUAI_MAXCSTACK); an even number, for pairs.
local function allAtOnce(command, key, values)
  for from = 1, #values, 7000 do rcall(command, key, unpack(values, from, math.min(from + 6999, #values))) end
end

-- The two ends of the list do not meet, so the order between them does not matter.
allAtOnce("LPUSH", KEYS[1], fifo)
allAtOnce("RPUSH", KEYS[1], lifo)
allAtOnce("ZADD", KEYS[8], prioritized)
if not isPausedOrMaxed and #fifo + #lifo + #prioritized > 0 then rcall("ZADD", KEYS[7], 0, "0") end
rcall("XTRIM", eventsKey, "MAXLEN", "~", maxEvents)
return answer
