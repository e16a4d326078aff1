#include "delivery.hpp"

#include <gtest/gtest.h>

namespace shunt::tracing {
namespace {

using namespace std::chrono_literals;

SteadyTime at(std::chrono::milliseconds time) {
  return SteadyTime(time);
}

TEST(Batch, goes_when_it_is_full_or_its_first_span_has_waited_or_the_process_ends) {
  ExporterOptions options;
  options.max_batch_spans = 10;
  options.batch_interval = 2s;
  const struct {
    Waiting waiting;
    std::optional<SteadyTime> due;
  } cases[] = {
      {{}, {}},
      {{.stopping = true}, {}},
      {{.spans = 1, .oldest = at(5s)}, at(7s)},
      {{.spans = 9, .oldest = at(5s)}, at(7s)},
      {{.spans = 10, .oldest = at(5s)}, at(5s)},
      {{.spans = 1, .oldest = at(5s), .stopping = true}, at(5s)},
  };
  for (const auto& c : cases) EXPECT_EQ(batch_due(c.waiting, options), c.due) << c.waiting.spans;
}

TEST(Answer, is_final_unless_the_protocol_says_to_come_again) {
  const struct {
    int status;
    Verdict verdict;
  } cases[] = {
      {0, Verdict::kAgain},     {200, Verdict::kDelivered}, {202, Verdict::kDelivered},
      {301, Verdict::kRefused}, {400, Verdict::kRefused},   {401, Verdict::kRefused},
      {404, Verdict::kRefused}, {413, Verdict::kRefused},   {429, Verdict::kAgain},
      {500, Verdict::kRefused}, {501, Verdict::kRefused},   {502, Verdict::kAgain},
      {503, Verdict::kAgain},   {504, Verdict::kAgain},
  };
  for (const auto& c : cases) EXPECT_EQ(judge({.status = c.status}), c.verdict) << c.status;
}

TEST(Pause, doubles_with_each_failure_up_to_the_longest_and_obeys_the_collector) {
  ExporterOptions options;
  options.backoff = 1s;
  options.max_backoff = 30s;
  const struct {
    Failure failure;
    std::chrono::milliseconds pause;
  } cases[] = {
      {{.in_a_row = 1, .random = 0}, 500ms},
      {{.in_a_row = 1, .random = 1}, 1s},
      {{.in_a_row = 2, .random = 1}, 2s},
      {{.in_a_row = 3, .random = 0}, 2s},
      {{.in_a_row = 6, .random = 1}, 30s},
      {{.in_a_row = 1'000'000, .random = 1}, 30s},
      {{.in_a_row = 1, .retry_after = "7"}, 7s},
      {{.in_a_row = 1, .retry_after = "0"}, 0s},
      {{.in_a_row = 1, .retry_after = "9000"}, 30s},
      {{.in_a_row = 1, .retry_after = "99999999999999999999", .random = 1}, 1s},
      {{.in_a_row = 1, .retry_after = "-7", .random = 1}, 1s},
      {{.in_a_row = 1, .retry_after = "soon", .random = 1}, 1s},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(pause_after(c.failure, options), c.pause)
        << c.failure.in_a_row << " failures, " << c.failure.retry_after;
  }
}

TEST(Pause, is_never_longer_than_the_longest_whatever_the_collector_says) {
  ExporterOptions options;
  options.max_backoff = 1500ms;
  EXPECT_EQ(pause_after({.retry_after = "2"}, options), 1500ms);
}

}  // namespace
}  // namespace shunt::tracing
