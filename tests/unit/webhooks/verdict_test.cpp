#include "verdict.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shunt::webhooks {
namespace {

using namespace std::chrono_literals;
using Kind = Verdict::Kind;

constexpr double kMiddle = 0.5;  // no jitter

TEST(Schedule, IsTheStandardsOne) {
  const std::vector<std::chrono::milliseconds> pauses{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
  for (std::size_t failed = 1; failed <= pauses.size(); ++failed)
    EXPECT_EQ(pause_after(failed, 10, kMiddle), pauses.at(failed - 1)) << failed;
  EXPECT_EQ(pause_after(10, 10, kMiddle), std::nullopt);
}

TEST(Schedule, EndsWithTheAttemptsThatAreConfigured) {
  EXPECT_EQ(pause_after(1, 1, kMiddle), std::nullopt);
  EXPECT_EQ(pause_after(2, 3, kMiddle), 5min);
  EXPECT_EQ(pause_after(3, 3, kMiddle), std::nullopt);
  EXPECT_EQ(pause_after(10, 100, kMiddle), std::nullopt);
}

TEST(Schedule, VariesByATenth) {
  EXPECT_EQ(pause_after(1, 10, 0), 4500ms);
  EXPECT_EQ(pause_after(1, 10, 1), 5500ms);
  EXPECT_EQ(pause_after(1, 10, 7), 5500ms);
}

TEST(RetryAfter, IsSecondsOrADateWithinADay) {
  const WallTime now{std::chrono::milliseconds(784'111'777'000)};  // Sun, 06 Nov 1994 08:49:37 GMT
  struct Row {
    const char* text;
    std::optional<std::chrono::milliseconds> pause;
  };
  const std::vector<Row> rows{{"120", 120s},
                              {"0", std::nullopt},
                              {"", std::nullopt},
                              {"-5", std::nullopt},
                              {"soon", std::nullopt},
                              {"1.5", std::nullopt},
                              {"86401", 24h},
                              {"18446744073709551615", 24h},
                              {"99999999999999999999999999", 24h},
                              {"Sun, 06 Nov 1994 08:50:37 GMT", 60s},
                              {"Sun, 06 Nov 1994 08:48:37 GMT", std::nullopt},
                              {"Fri, 31 Dec 9999 23:59:59 GMT", 24h}};
  for (const Row& row : rows) EXPECT_EQ(read_retry_after(row.text, now), row.pause) << row.text;
}

Attempt answered(int status) {
  Attempt attempt;
  attempt.status = status;
  return attempt;
}

TEST(Judging, GoesByTheStatus) {
  struct Row {
    int status;
    Kind kind;
  };
  const std::vector<Row> rows{{200, Kind::kDelivered}, {204, Kind::kDelivered}, {299, Kind::kDelivered},
                              {301, Kind::kRetry},     {307, Kind::kRetry},     {400, Kind::kRetry},
                              {404, Kind::kRetry},     {410, Kind::kGone},      {429, Kind::kRetry},
                              {500, Kind::kRetry},     {503, Kind::kRetry}};
  for (const Row& row : rows) {
    const Verdict verdict = judge(answered(row.status), 1, 10, kMiddle);
    EXPECT_EQ(verdict.kind, row.kind) << row.status;
    if (row.kind == Kind::kRetry) {
      EXPECT_EQ(verdict.pause, 5s) << row.status;
    }
  }
}

TEST(Judging, GivesUpAfterTheLastAttempt) {
  EXPECT_EQ(judge(answered(500), 10, 10, kMiddle).kind, Kind::kGivenUp);
  EXPECT_EQ(judge(answered(200), 10, 10, kMiddle).kind, Kind::kDelivered);
  Attempt silent;
  silent.error = "connection refused";
  EXPECT_EQ(judge(silent, 3, 3, kMiddle).reason, "connection refused");
}

TEST(Judging, WaitsForAsLongAsTheEndpointAsks) {
  Attempt attempt = answered(503);
  attempt.retry_after = 1min;
  EXPECT_EQ(judge(attempt, 1, 10, kMiddle).pause, 1min);
  EXPECT_EQ(judge(attempt, 2, 10, kMiddle).pause, 5min);
}

TEST(Throttling, IsOfEndpointsThatSayTheyAreOverloaded) {
  Attempt attempt = answered(429);
  EXPECT_EQ(throttle_of(attempt), std::nullopt);
  attempt.retry_after = 1min;
  EXPECT_EQ(throttle_of(attempt), 1min);
  attempt.status = 503;
  EXPECT_EQ(throttle_of(attempt), 1min);
  attempt.status = 404;
  EXPECT_EQ(throttle_of(attempt), std::nullopt);
}

}  // namespace
}  // namespace shunt::webhooks
