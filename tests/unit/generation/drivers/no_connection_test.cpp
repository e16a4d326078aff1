#include "drivers/no_connection.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

using http::TransferEnd;

constexpr std::string_view kAddress = "10.0.0.7:8000";

TransferEnd ended_by(TransferEnd::Obstacle obstacle, std::string reason) {
  return {.how = TransferEnd::How::kNotConnected, .reason = std::move(reason), .obstacle = obstacle};
}

TEST(NoConnection, TellsCallersOfWhatKindItIsAndTheLogWhere) {
  const struct {
    TransferEnd::Obstacle obstacle;
    const char* message;
  } cases[] = {
      {TransferEnd::Obstacle::kName, "cannot connect to the upstream: its name cannot be looked up"},
      {TransferEnd::Obstacle::kRefused, "cannot connect to the upstream: it cannot be reached"},
      {TransferEnd::Obstacle::kTls, "cannot connect to the upstream: TLS failed"},
      {TransferEnd::Obstacle::kOther, "cannot connect to the upstream"},
      {TransferEnd::Obstacle::kNone, "cannot connect to the upstream"},
  };
  for (const auto& [obstacle, message] : cases) {
    const Error error = not_connected("the upstream", kAddress, ended_by(obstacle, "10.0.0.7 said no"));
    EXPECT_EQ(error.code, error_code::kUpstreamUnreachable);
    EXPECT_EQ(error.message, message);
    EXPECT_EQ(error.internal, "10.0.0.7:8000: 10.0.0.7 said no");
    EXPECT_TRUE(error.is_retryable());
    EXPECT_TRUE(error.details.empty());
  }
}

TEST(NoConnection, OneThatEndedWithoutAnAnswerIsBroken) {
  const Error error = left_unanswered("the container", kAddress, ended_by(TransferEnd::Obstacle::kNone, ""));
  EXPECT_EQ(error.code, error_code::kUpstreamBroken);
  EXPECT_EQ(log_text(error), "the container closed the connection without an answer (10.0.0.7:8000)");
  EXPECT_TRUE(error.is_retryable());
}

}  // namespace
}  // namespace shunt::generation
