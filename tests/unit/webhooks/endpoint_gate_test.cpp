#include "endpoint_gate.hpp"

#include <gtest/gtest.h>

namespace shunt::webhooks {
namespace {

using namespace std::chrono_literals;

const SteadyTime kNow{std::chrono::hours(1)};

TEST(EndpointGate, LetsSoManyThroughAtOnceToEachEndpoint) {
  EndpointGate gate(2);
  EXPECT_FALSE(gate.enter("a", kNow));
  EXPECT_FALSE(gate.enter("a", kNow));
  EXPECT_TRUE(gate.enter("a", kNow));
  EXPECT_FALSE(gate.enter("b", kNow));
  EXPECT_EQ(gate.running(), 3u);
  gate.leave("a", kNow, std::nullopt);
  EXPECT_FALSE(gate.enter("a", kNow));
}

TEST(EndpointGate, IsShutForAsLongAsTheEndpointWants) {
  EndpointGate gate(2);
  EXPECT_FALSE(gate.enter("a", kNow));
  EXPECT_FALSE(gate.enter("a", kNow));
  gate.leave("a", kNow, 10s);
  gate.leave("a", kNow, 1s);
  EXPECT_EQ(gate.enter("a", kNow + 4s), 6s);
  EXPECT_FALSE(gate.enter("a", kNow + 10s));
}

TEST(EndpointGate, KnowsNobodyWhoLeavesWithoutHavingEntered) {
  EndpointGate gate(1);
  gate.leave("a", kNow, 10s);
  EXPECT_EQ(gate.running(), 0u);
  EXPECT_FALSE(gate.enter("a", kNow));
}

}  // namespace
}  // namespace shunt::webhooks
