#include "worker/failure_decision.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "bullmq/error.hpp"

namespace bullmq::detail {
namespace {

using Kind = FailureDecision::Kind;

struct Case {
  const char* name;
  std::optional<std::int64_t> attempts;
  std::int64_t made;
  std::int64_t started;
  std::optional<std::int64_t> max_started;
  JobFailure failure;
  std::int64_t backoff_ms;
  Kind kind;
  std::int64_t delay_ms;
};

TEST(FailureDecision, IsWhatNodeDecides) {
  const JobFailure plain{"Error", "broke", ""};
  const JobFailure unrecoverable{"UnrecoverableError", "no", ""};
  const JobFailure limited{"Error", "bullmq:rateLimitExceeded", ""};
  const Case cases[] = {
      {"no attempts given", {}, 0, 1, {}, plain, 0, Kind::fail, 0},
      {"one attempt", 1, 0, 1, {}, plain, 0, Kind::fail, 0},
      {"the first of two", 2, 0, 1, {}, plain, 0, Kind::retry, 0},
      {"the last of two", 2, 1, 2, {}, plain, 0, Kind::fail, 0},
      {"beyond the last", 2, 7, 8, {}, plain, 500, Kind::fail, 0},
      {"with backoff", 3, 1, 2, {}, plain, 500, Kind::retry, 500},
      {"a strategy that ends it", 3, 0, 1, {}, plain, -1, Kind::fail, 0},
      {"for ever", INT64_MAX, 1'000'000, 1, {}, plain, 1, Kind::retry, 1},
      {"negative attempts", -1, 0, 1, {}, plain, 0, Kind::fail, 0},
      {"unrecoverable", 5, 0, 1, {}, unrecoverable, 0, Kind::fail, 0},
      {"started too often", 5, 0, 3, 3, plain, 0, Kind::fail, 0},
      {"started almost too often", 5, 0, 2, 3, plain, 0, Kind::retry, 0},
      {"a maximum of 0 is none", 5, 0, 9, 0, plain, 0, Kind::retry, 0},
      {"rate limited", 1, 0, 1, {}, limited, 0, Kind::rate_limited, 0},
      {"rate limited comes first", 1, 9, 9, 1, limited, -1, Kind::rate_limited, 0},
      {"moved to delayed", 1, 0, 1, {}, {"DelayedError", "x", ""}, 0, Kind::moved, 0},
      {"moved to wait", 1, 0, 1, {}, {"WaitingError", "x", ""}, 0, Kind::moved, 0},
      {"moved to its children", 1, 0, 1, {}, {"WaitingChildrenError", "x", ""}, 0, Kind::moved, 0},
      {"a message alone moves nothing",
       1,
       0,
       1,
       {},
       {"Error", "bullmq:movedToDelayed", ""},
       0,
       Kind::fail,
       0},
  };
  for (const Case& c : cases) {
    JobRecord job;
    job.options.attempts = c.attempts;
    job.attempts_made = c.made;
    job.attempts_started = c.started;
    const FailureDecision decision = decide_failure(job, c.failure, c.max_started, c.backoff_ms);
    EXPECT_EQ(decision.kind, c.kind) << c.name;
    if (c.kind == Kind::retry) {
      EXPECT_EQ(decision.delay_ms, c.delay_ms) << c.name;
    }
  }
}

TEST(FailureDecision, KeepsTheLastStackTraces) {
  using Traces = std::vector<std::string>;
  struct StackCase {
    Traces before;
    const char* stack;
    std::optional<std::int64_t> limit;
    Traces after;
  };
  const StackCase cases[] = {
      {{}, "a", {}, {"a"}},
      {{"a"}, "b", {}, {"a", "b"}},
      {{"a", "b"}, "c", 2, {"b", "c"}},
      {{"a", "b"}, "c", 3, {"a", "b", "c"}},
      {{"a", "b"}, "c", 1, {"c"}},
      {{"a", "b"}, "c", 0, {}},
      {{"a", "b"}, "c", INT64_MAX, {"a", "b", "c"}},
      {{"a"}, "", {}, {"a"}},
      {{"a"}, "b", -1, {"a", "b"}},
  };
  for (const StackCase& c : cases) EXPECT_EQ(with_stack(c.before, c.stack, c.limit), c.after) << c.stack;
}

JobFailure described(const std::function<void()>& thrower) {
  try {
    thrower();
  } catch (...) {
    return describe_current_exception();
  }
  return {};
}

TEST(FailureDecision, DescribesWhatAProcessorThrew) {
  struct Thrown {
    std::function<void()> thrower;
    JobFailure expected;
  };
  const Thrown cases[] = {
      {[] { throw std::runtime_error("broke"); }, {"Error", "broke", "Error: broke"}},
      {[] { throw Error("broke"); }, {"Error", "broke", "Error: broke"}},
      {[] { throw 7; },
       {"Error", "the processor threw something that is no std::exception",
        "Error: the processor threw something that is no std::exception"}},
      {[] { throw ProcessorError("MyError", "m", "at line 3"); }, {"MyError", "m", "at line 3"}},
      {[] { throw ProcessorError("MyError", "m"); }, {"MyError", "m", "MyError: m"}},
      {[] { throw UnrecoverableError(); },
       {"UnrecoverableError", "bullmq:unrecoverable", "UnrecoverableError: bullmq:unrecoverable"}},
      {[] { throw RateLimitError(); },
       {"Error", "bullmq:rateLimitExceeded", "Error: bullmq:rateLimitExceeded"}},
      {[] { throw DelayedError(); },
       {"DelayedError", "bullmq:movedToDelayed", "DelayedError: bullmq:movedToDelayed"}},
      {[] { throw WaitingError(); },
       {"WaitingError", "bullmq:movedToWait", "WaitingError: bullmq:movedToWait"}},
      {[] { throw WaitingChildrenError(); },
       {"WaitingChildrenError", "bullmq:movedToWaitingChildren",
        "WaitingChildrenError: bullmq:movedToWaitingChildren"}},
  };
  for (const Thrown& c : cases) {
    const JobFailure failure = described(c.thrower);
    EXPECT_EQ(failure.name, c.expected.name);
    EXPECT_EQ(failure.message, c.expected.message);
    EXPECT_EQ(failure.stack, c.expected.stack);
  }
}

}  // namespace
}  // namespace bullmq::detail
