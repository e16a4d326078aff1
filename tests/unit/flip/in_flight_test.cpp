#include "shunt/flip/in_flight.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "shunt/generation/generation.hpp"
#include "support/manual_clock.hpp"

namespace shunt::flip {
namespace {

using std::chrono::seconds;

class InFlightTest : public ::testing::Test {
 protected:
  [[nodiscard]] SteadyTime now() const { return clock_.steady_now(); }
  std::shared_ptr<Generation> generation() {
    Envelope envelope;
    envelope.id = ids_.next();
    envelope.request.model = "m";
    return std::make_shared<Generation>(envelope, clock_, OutputLimits{}, MemoryBudget::unlimited());
  }
  // Submitted and accepted; its end is supposed in 10 seconds.
  std::shared_ptr<Generation> accepted() {
    auto made = generation();
    in_flight_.begin(now())->accepted(made->id(), *made->watch({}), now() + seconds(10));
    return made;
  }

  shunt::testing::ManualClock clock_;
  GenerationIdSource ids_{clock_};
  InFlight in_flight_;
};

TEST_F(InFlightTest, CountsASubmitUntilItIsOver) {
  auto submission = in_flight_.begin(now());
  EXPECT_EQ(in_flight_.count(now()), 1U);
  submission.reset();
  EXPECT_EQ(in_flight_.count(now()), 0U);
}

TEST_F(InFlightTest, CountsAGenerationUntilItsEnd) {
  const auto open = accepted();
  EXPECT_EQ(in_flight_.count(now()), 1U);
  in_flight_.ended(ids_.next().to_string());
  in_flight_.ended("no id");
  EXPECT_EQ(in_flight_.count(now()), 1U);
  in_flight_.ended(open->id().to_string());
  EXPECT_EQ(in_flight_.count(now()), 0U);
}

TEST_F(InFlightTest, DoesNotCountWhatHadEndedBeforeItWasAccepted) {
  auto ended = generation();
  (void)ended->start();
  (void)ended->succeed(nullptr);
  in_flight_.ended(ended->id().to_string());
  in_flight_.begin(now())->accepted(ended->id(), *ended->watch({}), now() + seconds(10));
  EXPECT_EQ(in_flight_.count(now()), 0U);
}

TEST_F(InFlightTest, SupposesAnEndThatNobodyTells) {
  const auto open = accepted();
  clock_.advance(seconds(20));
  EXPECT_EQ(in_flight_.count(now()), 0U);
}

TEST_F(InFlightTest, HasNoPlaceBeyondItsLimit) {
  const auto open = accepted();
  auto submission = in_flight_.begin(now(), 2);
  ASSERT_NE(submission, nullptr);
  EXPECT_EQ(in_flight_.begin(now(), 2), nullptr);
  submission.reset();
  EXPECT_NE(in_flight_.begin(now(), 2), nullptr);
}

}  // namespace
}  // namespace shunt::flip
