#include "worker/next_iteration.hpp"

#include <algorithm>
#include <chrono>

#include "bullmq/error.hpp"
#include "core/identity.hpp"
#include "core/json_value.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {
namespace detail {
namespace {

// 0 for what is absent or no number.
double number(const JsonObject& object, const char* name) {
  const JsonValue* const member = object.if_contains(name);
  return member != nullptr && member->is_number() ? member->to_number<double>() : 0;
}

// JavaScript's last Date.
constexpr double kLatestInstant = 8.64e15;
// JavaScript's Number.MAX_SAFE_INTEGER.
constexpr double kMostIterations = 9'007'199'254'740'991;
constexpr std::size_t kMostReportedPatterns = 1'000;

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool has_legacy_repeatable_shape(std::string_view key) {
  std::size_t colons[4] = {};
  std::size_t from = 0;
  for (std::size_t& colon : colons) {
    colon = key.find(':', from);
    if (colon == std::string_view::npos) return false;
    from = colon + 1;
  }
  const std::string_view end_date = key.substr(colons[1] + 1, colons[2] - colons[1] - 1);
  const std::string_view suffix = key.substr(from);
  if (!all_digits(end_date) || suffix.empty()) return false;
  return suffix.find(' ') != std::string_view::npos || all_digits(suffix);
}

Iteration next_iteration(const JobRecord& job, Timestamp now) {
  if (!job.repeat_job_key || job.repeat_job_key->empty()) return NoIteration{};
  auto extra = parse_json_object(job.options.extra);
  JsonValue* const given = extra ? extra->if_contains("repeat") : nullptr;
  if (given == nullptr || !given->is_object()) return UnknownSchedule{"the job has no repeat options"};
  JsonObject& repeat = given->get_object();
  const double count = number(repeat, "count") + 1;
  if (repeat.contains("limit") && count > number(repeat, "limit")) return NoIteration{};
  if (const double end = number(repeat, "endDate"); end != 0 && static_cast<double>(now) > end) {
    return NoIteration{};
  }
  if (const double every = number(repeat, "every"); every <= 0) {
    const JsonValue* const pattern = repeat.if_contains("pattern");
    if (pattern == nullptr || !pattern->is_string())
      return UnknownSchedule{"scheduler \"" + *job.repeat_job_key +
                             "\" has neither an interval nor a pattern"};
    const double due = number(*extra, "prevMillis");
    const bool is_instant = due > 0 && due < kLatestInstant;
    return PatternIteration{*job.repeat_job_key,
                            is_instant ? static_cast<Timestamp>(due) : job.timestamp + job.delay.count()};
  }
  repeat.erase("immediately");
  repeat["count"] = static_cast<std::int64_t>(std::clamp(count, -kMostIterations, kMostIterations));
  // The script writes it anew.
  extra->erase("prevMillis");
  (*extra)["repeatJobKey"] = *job.repeat_job_key;
  NextIteration next{*job.repeat_job_key, job.options};
  next.options.delay = Milliseconds(0);
  next.options.timestamp = now;
  next.options.extra = write_json(std::move(*extra), MemberOrder::sorted);
  return next;
}

Milliseconds put_back_delay(Timestamp due, Timestamp now) noexcept {
  constexpr Milliseconds kShortest{1'000};
  constexpr Milliseconds kLongest{30'000};
  return std::clamp(Milliseconds(now - due), kShortest, kLongest);
}

}  // namespace detail

// One `error` event for each schedule.
void Worker::State::report_pattern(const std::string& scheduler) {
  if (reported_patterns.size() >= detail::kMostReportedPatterns ||
      !reported_patterns.insert(scheduler).second)
    return;
  report(
      Error("scheduler \"" + scheduler +
            "\" has a pattern, which this client cannot continue: its iterations are put back and wait for a "
            "worker of another client; use an interval (every) to have them done here"));
}

awaitable<std::optional<Milliseconds>> Worker::State::leave_to_others(detail::PatternIteration pattern,
                                                                      std::string job_id) {
  // One that was taken before, and comes again for another attempt: the schedule does not depend on it.
  const bool is_current = co_await backend->is_current_iteration(pattern.scheduler, job_id);
  if (!is_current) co_return std::nullopt;
  report_pattern(pattern.scheduler);
  const Milliseconds delay = detail::put_back_delay(pattern.due, detail::now_ms());
  auto reserved = co_await backend->reserve_put_back(delay);
  co_return reserved;
}

// Never throws. Most jobs are processed in any case: upstream drops one when this fails, and it comes back
// only when it has stalled. What is returned is for how long a job has to be put back that is not to be
// processed.
awaitable<std::optional<Milliseconds>> Worker::State::schedule_next(Job job) {
  const std::string failed = "Failed to add repeatable job for next iteration: ";
  while (!is_over()) {
    std::string reason;
    std::optional<Milliseconds> put_back;
    try {
      const JobRecord& record = job.record();
      if (detail::has_legacy_repeatable_shape(*record.repeat_job_key)) {
        const bool is_scheduler = co_await backend->is_job_scheduler(*record.repeat_job_key);
        if (!is_scheduler) {
          throw Error("Legacy repeatable job metadata is not supported in BullMQ v6 (key: \"" +
                      *record.repeat_job_key +
                      "\"). Migrate legacy repeatable jobs to Job Schedulers before upgrading.");
        }
      }
      const detail::Iteration iteration = detail::next_iteration(record, detail::now_ms());
      if (const auto* unknown = std::get_if<detail::UnknownSchedule>(&iteration))
        throw Error(unknown->reason);
      if (const auto* pattern = std::get_if<detail::PatternIteration>(&iteration)) {
        // What is known should the question fail.
        put_back = detail::put_back_delay(pattern->due, detail::now_ms());
        put_back = co_await leave_to_others(*pattern, record.id);
      } else if (const auto* next = std::get_if<detail::NextIteration>(&iteration)) {
        co_await backend->schedule_next_iteration(next->scheduler, record.data, next->options, record.id);
      }
      co_return put_back;
    } catch (const ConnectionError&) {
      // Its connection has told, and it is tried again.
      if (is_over() || backend->connection().is_closed()) co_return put_back;
    } catch (const std::exception& error) {
      reason = error.what();
    }
    if (!reason.empty()) {
      report(Error(failed + reason));
      co_return put_back;
    }
    detail::Wakeup pause(executor);
    co_await pause.wait(std::chrono::steady_clock::now() + options.run_retry_delay);
  }
  co_return std::nullopt;
}

}  // namespace bullmq
