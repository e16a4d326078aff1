#include "worker/next_iteration.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "bullmq/error.hpp"
#include "core/identity.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {
namespace detail {
namespace {

using nlohmann::json;

// 0 for what is absent or no number.
double number(const json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_number() ? member->get<double>() : 0;
}

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
  json extra = json::parse(job.options.extra, nullptr, false);
  if (!extra.is_object() || !extra.contains("repeat") || !extra["repeat"].is_object()) {
    return UnknownSchedule{"the job has no repeat options"};
  }
  json repeat = extra["repeat"];
  const double count = number(repeat, "count") + 1;
  if (repeat.contains("limit") && count > number(repeat, "limit")) return NoIteration{};
  if (const double end = number(repeat, "endDate"); end != 0 && static_cast<double>(now) > end) {
    return NoIteration{};
  }
  if (const double every = number(repeat, "every"); every <= 0) {
    return UnknownSchedule{
        "scheduler \"" + *job.repeat_job_key +
        "\" has a pattern, which this client cannot continue; upsert it again, or use an interval (every)"};
  }
  repeat.erase("immediately");
  repeat["count"] = static_cast<std::int64_t>(count);
  extra["repeat"] = std::move(repeat);
  // What the script writes anew.
  extra.erase("prevMillis");
  extra["repeatJobKey"] = *job.repeat_job_key;
  NextIteration next{*job.repeat_job_key, job.options};
  next.options.delay = Milliseconds(0);
  next.options.timestamp = now;
  next.options.extra = extra.dump(-1, ' ', false, json::error_handler_t::replace);
  return next;
}

}  // namespace detail

// Never throws. The job is processed in any case: upstream drops it when this fails, and it comes back only
// when it has stalled.
awaitable<void> Worker::State::schedule_next(Job job) {
  const std::string failed = "Failed to add repeatable job for next iteration: ";
  while (!closed) {
    std::string reason;
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
      if (const auto* next = std::get_if<detail::NextIteration>(&iteration)) {
        co_await backend->schedule_next_iteration(next->scheduler, record.data, next->options, record.id);
      }
      co_return;
    } catch (const ConnectionError& error) {
      if (closed || backend->connection().is_closed()) co_return;
    } catch (const std::exception& error) {
      reason = error.what();
    }
    if (!reason.empty()) {
      const Error described(failed + reason);
      emit(events.error, static_cast<const std::exception&>(described));
      co_return;
    }
    detail::Wakeup pause(executor);
    co_await pause.wait(std::chrono::steady_clock::now() + options.run_retry_delay);
  }
}

}  // namespace bullmq
