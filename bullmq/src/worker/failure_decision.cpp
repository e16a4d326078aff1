#include "worker/failure_decision.hpp"

#include <exception>
#include <string_view>

#include "bullmq/error.hpp"

namespace bullmq::detail {

FailureDecision decide_failure(const JobRecord& job, const JobFailure& failure,
                               std::optional<std::int64_t> max_started_attempts, std::int64_t backoff_ms) {
  using Kind = FailureDecision::Kind;
  // By message, as every client tells it.
  if (failure.message == "bullmq:rateLimitExceeded") return {Kind::rate_limited};
  if (failure.name == "DelayedError" || failure.name == "WaitingError" ||
      failure.name == "WaitingChildrenError") {
    return {Kind::moved};
  }
  const bool started_too_often =
      max_started_attempts && *max_started_attempts > 0 && *max_started_attempts <= job.attempts_started;
  const bool has_attempts = job.attempts_made + 1 < job.options.attempts.value_or(0);
  if (!has_attempts || started_too_often || failure.name == "UnrecoverableError" || backoff_ms == -1)
    return {Kind::fail};
  return {Kind::retry, backoff_ms};
}

std::vector<std::string> with_stack(std::vector<std::string> traces, const std::string& stack,
                                    std::optional<std::int64_t> limit) {
  if (!stack.empty()) traces.push_back(stack);
  if (limit && *limit >= 0 && traces.size() > static_cast<std::size_t>(*limit)) {
    traces.erase(traces.begin(), traces.end() - static_cast<std::ptrdiff_t>(*limit));
  }
  return traces;
}

JobFailure describe_current_exception() {
  JobFailure failure;
  try {
    throw;
  } catch (const ProcessorError& error) {
    failure = {error.name(), error.what(), error.stack()};
  } catch (const std::exception& error) {
    failure.message = error.what();
  } catch (...) {
    failure.message = "the processor threw something that is no std::exception";
  }
  if (failure.stack.empty()) failure.stack = failure.name + ": " + failure.message;
  return failure;
}

}  // namespace bullmq::detail
