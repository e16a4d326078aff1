#include "backend/queue_backend.hpp"

#include <algorithm>
#include <limits>

#include "bullmq/error.hpp"
#include "bullmq_scripts.hpp"
#include "core/identity.hpp"
#include "core/job_options_codec.hpp"
#include "core/msgpack_writer.hpp"
#include "redis/expected_reply.hpp"

namespace bullmq::detail {
namespace {

constexpr std::size_t kLocksAtOnce = 500;

// KEYS: stalled, active. ARGV: the base key, ms, then id and token in turn. One that expired may be taken
// again as long as its job is active: a stalled check would have moved it in the step that finds the lock
// missing, and whoever takes a job sets the lock in the same step.
constexpr std::string_view kReclaimLocks = R"lua(
local active
local lost = {}
for i = 3, #ARGV, 2 do
  local id, token = ARGV[i], ARGV[i + 1]
  local key = ARGV[1] .. id .. ':lock'
  local held = redis.call('GET', key)
  local mine = held == token
  if not held then
    if not active then
      active = {}
      for _, each in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do active[each] = true end
    end
    mine = active[id]
  end
  if mine then
    redis.call('SET', key, token, 'PX', ARGV[2])
    redis.call('SREM', KEYS[1], id)
  else
    lost[#lost + 1] = id
  end
end
return lost
)lua";

// KEYS: the instant of the last that comes back. ARGV: now, ms. A clock that was wrong is forgotten.
constexpr std::string_view kReservePutBack = R"lua(
local now, delay = tonumber(ARGV[1]), tonumber(ARGV[2])
local last = tonumber(redis.call('GET', KEYS[1]) or '') or 0
if last > now + 3600000 then last = 0 end
local at = math.max(now + delay, last + 1000)
redis.call('SET', KEYS[1], string.format('%.0f', at), 'PX', string.format('%.0f', at - now + 1000))
return at - now
)lua";
constexpr Milliseconds kLongestPutBack{3'601'000};

// Ids that were asked about.
std::vector<std::string> expect_some_of(const std::vector<std::string>& ids, Reply reply,
                                        std::string_view command) {
  std::vector<std::string> some = expect_texts(std::move(reply), command);
  for (const std::string& id : some) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end())
      throw UnexpectedReplyError(std::string(command) +
                                 ": Redis answered with an id that it was not asked about");
  }
  return some;
}

}  // namespace

QueueBackend::QueueBackend(SharedConnection connection, std::string prefix, std::string queue)
    : connection_(std::move(connection)),
      prefix_(std::move(prefix)),
      queue_(std::move(queue)),
      keys_(prefix_, queue_) {}

Job QueueBackend::make_job(JobRecord record, std::string token, AddOutcome outcome) {
  auto state = std::make_shared<JobHandleState>();
  state->queue = shared_from_this();
  state->record = std::move(record);
  state->token = std::move(token);
  state->outcome = outcome;
  return Job(std::move(state));
}

std::int64_t QueueBackend::check(const Reply& reply, std::string_view id, std::string_view command,
                                 std::string_view state, std::string_view parent_key) {
  if (reply.is_error()) throw RedisError(reply.text);
  if (!reply.is_integer()) return 0;
  if (reply.integer >= 0) return reply.integer;
  if (reply.integer < std::numeric_limits<int>::min()) unexpected_reply(command, "a code", reply);
  const std::string job(id);
  const std::string cmd(command);
  const auto code = static_cast<ErrorCode>(reply.integer);
  std::string message;
  switch (code) {
    case ErrorCode::job_not_exist:
      message = "Missing key for job " + job + ". " + cmd;
      break;
    case ErrorCode::job_lock_not_exist:
      message = "Missing lock for job " + job + ". " + cmd;
      break;
    case ErrorCode::job_not_in_state:
      message = "Job " + job + " is not in the " + std::string(state) + " state. " + cmd;
      break;
    case ErrorCode::job_pending_children:
      message = "Job " + job + " has pending dependencies. " + cmd;
      break;
    case ErrorCode::parent_job_not_exist:
      message = "Missing key for parent job " + std::string(parent_key) + ". " + cmd;
      break;
    case ErrorCode::job_lock_mismatch:
      message = "Lock mismatch for job " + job + ". Cmd " + cmd + " from " + std::string(state);
      break;
    case ErrorCode::parent_job_cannot_be_replaced:
      message = "The parent job " + std::string(parent_key) + " cannot be replaced. " + cmd;
      break;
    case ErrorCode::job_belongs_to_job_scheduler:
      message = "Job " + job + " belongs to a job scheduler and cannot be removed directly. " + cmd;
      break;
    case ErrorCode::job_has_failed_children:
      message = "Cannot complete job " + job + " because it has at least one failed child. " + cmd;
      break;
    default:
      message = "Unknown code " + std::to_string(reply.integer) + " error for " + job + ". " + cmd;
  }
  throw JobError(code, message);
}

awaitable<NextJob> QueueBackend::move_to_delayed(std::string id, Milliseconds delay, std::string token,
                                                 bool skip_attempt, JobFields fields, bool fetch_next) {
  std::string options;
  if (fetch_next) append_fetch_options(options, token);
  Command command = ScriptCall(scripts::moveToDelayed, 9)
                        .add_all(keys_.marker, keys_.active, keys_.prioritized, keys_.delayed, keys_.job(id),
                                 keys_.events, keys_.meta, keys_.stalled, keys_.wait, keys_.limiter, keys_.pc)
                        .add_all(keys_.base, now_ms(), id, token, delay.count(), skip_attempt ? 1 : 0,
                                 pack_fields(fields), fetch_next ? 1 : 0, options)
                        .take();
  Reply reply = co_await run(std::move(command));
  check(reply, id, "moveToDelayed", "active");
  co_return decode_next_job(std::move(reply), &stored_options_);
}

awaitable<void> QueueBackend::retry_job(std::string id, bool lifo, std::string token, JobFields fields) {
  Command command =
      ScriptCall(scripts::retryJob, 6)
          .add_all(keys_.active, keys_.wait, keys_.paused, keys_.job(id), keys_.meta, keys_.events,
                   keys_.delayed, keys_.prioritized, keys_.pc, keys_.marker, keys_.stalled)
          .add_all(keys_.base, now_ms(), lifo ? "RPUSH" : "LPUSH", id, token, pack_fields(fields))
          .take();
  const Reply reply = co_await run(std::move(command));
  check(reply, id, "retryJob", "active");
}

awaitable<std::int64_t> QueueBackend::move_to_wait(std::string id, std::string token) {
  Command command = ScriptCall(scripts::moveJobFromActiveToWait, 3)
                        .add_all(keys_.active, keys_.wait, keys_.stalled, keys_.paused, keys_.meta,
                                 keys_.limiter, keys_.prioritized, keys_.marker, keys_.events)
                        .add_all(id, token, keys_.job(id))
                        .take();
  const Reply reply = co_await run(std::move(command));
  check(reply, id, "moveJobFromActiveToWait", "active");
  // For how long the queue is rate limited.
  static_cast<void>(expect_integer(reply, "moveJobFromActiveToWait"));
  co_return bounded_number(reply);
}

awaitable<bool> QueueBackend::move_to_waiting_children(std::string id, std::string token,
                                                       std::string child_key) {
  Command command =
      ScriptCall(scripts::moveToWaitingChildren, 5)
          .add_all(keys_.active, keys_.waiting_children, keys_.job(id), keys_.job(id, "dependencies"),
                   keys_.job(id, "unsuccessful"), keys_.stalled, keys_.events)
          .add_all(token, child_key, now_ms(), id, keys_.base)
          .take();
  const Reply reply = co_await run(std::move(command));
  co_return check(reply, id, "moveToWaitingChildren", "active") == 0;
}

awaitable<std::vector<std::string>> QueueBackend::move_stalled_jobs(std::int64_t max_stalled_count,
                                                                    Milliseconds interval) {
  Command command = ScriptCall(scripts::moveStalledJobsToWait, 4)
                        .add_all(keys_.stalled, keys_.wait, keys_.active, keys_.stalled_check, keys_.meta,
                                 keys_.paused, keys_.marker, keys_.events, keys_.repeat)
                        .add_all(max_stalled_count, keys_.base, now_ms(), interval.count())
                        .take();
  Reply reply = co_await run(std::move(command));
  co_return expect_texts(std::move(reply), "moveStalledJobsToWait");
}

awaitable<bool> QueueBackend::schedule_next_iteration(std::string scheduler, std::string data,
                                                      const JobOptions& options, std::string producer) {
  std::string packed;
  pack_job_options(options, packed);
  Command command =
      ScriptCall(scripts::updateJobScheduler, 7)
          .add_all(keys_.repeat, keys_.delayed, keys_.wait, keys_.paused, keys_.meta, keys_.prioritized,
                   keys_.marker, keys_.id, keys_.events, keys_.pc, keys_.job(producer), keys_.active)
          // The instant is computed by the script, from the interval.
          .add_all("", scheduler, data, packed, now_ms(), keys_.base, producer)
          // Nothing happens when the producer is not the iteration that the scheduler is at.
          .idempotent()
          .take();
  const Reply reply = co_await run(std::move(command));
  if (!reply.is_text() && !reply.is_nil()) unexpected_reply("updateJobScheduler", "an id or nil", reply);
  co_return reply.is_text();
}

awaitable<bool> QueueBackend::is_job_scheduler(std::string id) {
  const Reply reply = co_await run(make_query("HEXISTS", keys_.job("repeat", id), "ic"));
  co_return expect_integer(reply, "HEXISTS") == 1;
}

awaitable<bool> QueueBackend::is_current_iteration(std::string scheduler, std::string job_id) {
  const Reply reply = co_await run(make_query("ZSCORE", keys_.repeat, scheduler));
  if (!expect_found(reply, "ZSCORE")) co_return false;
  co_return job_id == "repeat:" + scheduler + ":" + std::to_string(bounded_number(reply));
}

awaitable<Milliseconds> QueueBackend::reserve_put_back(Milliseconds delay) {
  // Under "repeat", which is known to all that look for keys of nobody.
  Command command =
      make_command("EVAL", kReservePutBack, 1, keys_.of("repeat::put-back"), now_ms(), delay.count());
  const Reply reply = co_await run(std::move(command));
  static_cast<void>(expect_integer(reply, "reservePutBack"));
  co_return std::clamp(Milliseconds(bounded_number(reply)), delay, std::max(delay, kLongestPutBack));
}

awaitable<NextJob> QueueBackend::put_back(const JobRecord& job, Milliseconds delay, std::string token,
                                          bool fetch_next) {
  JobFields fields{{"ats", std::to_string(std::max<std::int64_t>(0, job.attempts_started - 1))}};
  NextJob next =
      co_await move_to_delayed(job.id, delay, std::move(token), true, std::move(fields), fetch_next);
  co_return next;
}

awaitable<bool> QueueBackend::extend_lock(std::string id, std::string token, Milliseconds duration) {
  Command command = ScriptCall(scripts::extendLock, 3)
                        .add_all(keys_.job(id, "lock"), keys_.stalled)
                        .add_all(token, duration.count(), id)
                        .take();
  const Reply reply = co_await run(std::move(command));
  co_return expect_integer(reply, "extendLock") == 1;
}

awaitable<std::vector<std::string>> QueueBackend::extend_locks(std::vector<std::string> ids,
                                                               std::vector<std::string> tokens,
                                                               Milliseconds duration) {
  std::string packed_ids;
  std::string packed_tokens;
  MsgpackWriter id_writer(packed_ids);
  MsgpackWriter token_writer(packed_tokens);
  id_writer.array(ids.size());
  token_writer.array(tokens.size());
  for (const std::string& id : ids) id_writer.text(id);
  for (const std::string& token : tokens) token_writer.text(token);
  Command command = ScriptCall(scripts::extendLocks, 4)
                        .add_all(keys_.stalled)
                        .add_all(keys_.base, packed_tokens, packed_ids, duration.count())
                        .take();
  Reply reply = co_await run(std::move(command));
  co_return expect_some_of(ids, std::move(reply), "extendLocks");
}

awaitable<std::vector<std::string>> QueueBackend::reclaim_locks(std::vector<std::string> ids,
                                                                std::vector<std::string> tokens,
                                                                Milliseconds duration) {
  std::string bytes = "*" + std::to_string(7 + 2 * ids.size()) + "\r\n";
  for (const std::string_view argument :
       {std::string_view("EVAL"), kReclaimLocks, std::string_view("2"), std::string_view(keys_.stalled),
        std::string_view(keys_.active), std::string_view(keys_.base)}) {
    append_bulk(bytes, argument);
  }
  append_bulk(bytes, duration.count());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    append_bulk(bytes, ids[i]);
    append_bulk(bytes, tokens.at(i));
  }
  Command command;
  command.bytes = std::move(bytes);
  command.idempotent = true;
  Reply reply = co_await run(std::move(command));
  co_return expect_some_of(ids, std::move(reply), "reclaimLocks");
}

awaitable<std::optional<JobRecord>> QueueBackend::find_locked_job(std::string token) {
  Reply range = co_await run(make_query("LRANGE", keys_.active, 0, -1));
  const std::vector<std::string> active = expect_texts(std::move(range), "LRANGE");
  for (std::size_t first = 0; first < active.size(); first += kLocksAtOnce) {
    const std::size_t count = std::min(kLocksAtOnce, active.size() - first);
    Command command;
    command.bytes = "*" + std::to_string(1 + count) + "\r\n";
    append_bulk(command.bytes, std::string_view("MGET"));
    for (std::size_t i = first; i < first + count; ++i)
      append_bulk(command.bytes, keys_.job(active[i], "lock"));
    command.idempotent = true;
    Reply found = co_await run(std::move(command));
    const std::vector<Reply> locks = expect_array(std::move(found), "MGET", count, count);
    for (std::size_t i = 0; i < locks.size(); ++i) {
      if (!locks[i].is_text() || locks[i].text != token) continue;
      const std::string& id = active[first + i];
      const bool ours = co_await extend_lock(id, token, policy.lock_duration);
      if (!ours) continue;
      Reply hash = co_await run(make_query("HGETALL", keys_.job(id)));
      co_return decode_job(id, expect_fields(std::move(hash), "HGETALL"));
    }
  }
  co_return std::nullopt;
}

awaitable<std::int64_t> QueueBackend::attempts_made(std::string id) {
  const Reply reply = co_await run(make_query("HGET", keys_.job(id), "atm"));
  if (!reply.is_nil() && !reply.is_text()) unexpected_reply("HGET", "a text or nil", reply);
  co_return bounded_number(reply);
}

}  // namespace bullmq::detail
