#include "endpoint_gate.hpp"

#include <gtest/gtest.h>

#include <string>

namespace shunt::webhooks {
namespace {

using namespace std::chrono_literals;

const SteadyTime kNow{std::chrono::hours(1)};

TEST(EndpointGate, LetsSoManyThroughAtOnceToEachEndpoint) {
  EndpointGate gate(2);
  EXPECT_FALSE(gate.enter({"a", "key:x"}, kNow));
  EXPECT_FALSE(gate.enter({"a", "key:x"}, kNow));
  EXPECT_TRUE(gate.enter({"a", "key:x"}, kNow));
  EXPECT_FALSE(gate.enter({"b", "key:x"}, kNow));
  EXPECT_EQ(gate.running(), 3u);
  gate.leave({"a", "key:x"}, kNow, std::nullopt);
  EXPECT_FALSE(gate.enter({"a", "key:x"}, kNow));
}

TEST(EndpointGate, IsShutForAsLongAsTheEndpointWants) {
  EndpointGate gate(2);
  EXPECT_FALSE(gate.enter({"a", "key:x"}, kNow));
  EXPECT_FALSE(gate.enter({"a", "key:x"}, kNow));
  gate.leave({"a", "key:x"}, kNow, 10s);
  gate.leave({"a", "key:x"}, kNow, 1s);
  EXPECT_EQ(gate.enter({"a", "key:x"}, kNow + 4s), 6s);
  EXPECT_FALSE(gate.enter({"a", "key:x"}, kNow + 10s));
}

TEST(EndpointGate, KnowsNobodyWhoLeavesWithoutHavingEntered) {
  EndpointGate gate(1);
  gate.leave({"a", "key:x"}, kNow, 10s);
  EXPECT_EQ(gate.running(), 0u);
  EXPECT_FALSE(gate.enter({"a", "key:x"}, kNow));
}

TEST(EndpointGate, ACallerOfManyEndpointsHasItsShareAndLeavesTheRest) {
  EndpointGate gate(4);
  const auto at = [](std::size_t number, const char* caller) {
    return EndpointGate::Visitor{"e" + std::to_string(number), caller};
  };
  for (std::size_t i = 0; i < 32; ++i) EXPECT_FALSE(gate.enter(at(i, "key:a"), kNow));
  EXPECT_TRUE(gate.enter(at(100, "key:a"), kNow));
  for (std::size_t i = 0; i < 32; ++i) EXPECT_FALSE(gate.enter(at(i, "key:b"), kNow));
  EXPECT_TRUE(gate.enter(at(200, "key:c"), kNow));
  gate.leave(at(0, "key:a"), kNow, std::nullopt);
  EXPECT_FALSE(gate.enter(at(200, "key:c"), kNow));
  EXPECT_EQ(gate.running(), 64u);
}

TEST(EndpointGate, WithoutKeysEverybodyIsOneAndHasAllAttempts) {
  EndpointGate gate(4);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_FALSE(gate.enter({"e" + std::to_string(i), ""}, kNow));
  EXPECT_TRUE(gate.enter({"f", ""}, kNow));
}

TEST(EndpointGate, OneEndpointMayHaveMoreThanACallersShare) {
  EndpointGate gate(100);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_FALSE(gate.enter({"e", "key:a"}, kNow));
  EXPECT_TRUE(gate.enter({"f", "key:a"}, kNow));
  EXPECT_FALSE(gate.enter({"f", "key:b"}, kNow));
}

}  // namespace
}  // namespace shunt::webhooks
