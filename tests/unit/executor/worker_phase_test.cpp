#include "queue/worker/worker_phase.hpp"

#include <gtest/gtest.h>

namespace shunt::executor {
namespace {

TEST(WorkerPhase, OnlyGoesForward) {
  using enum WorkerPhase;
  struct Step {
    WorkerPhase from;
    WorkerEvent event;
    WorkerPhase to;
  };
  for (const Step& step :
       {Step{kTaking, WorkerEvent::kStop, kStopping}, Step{kTaking, WorkerEvent::kClose, kClosed},
        Step{kStopping, WorkerEvent::kStop, kStopping}, Step{kStopping, WorkerEvent::kClose, kClosed},
        Step{kClosed, WorkerEvent::kStop, kClosed}, Step{kClosed, WorkerEvent::kClose, kClosed}}) {
    EXPECT_EQ(next_phase(step.from, step.event), step.to)
        << static_cast<int>(step.from) << ' ' << static_cast<int>(step.event);
  }
}

// A lock that is lost looks the same to the processor as a worker that stops.
TEST(WorkerPhase, TellsAJobThatIsGivenBackFromOneThatIsLost) {
  EXPECT_EQ(loss_of(WorkerPhase::kTaking, true), AttemptLoss::kLost);
  EXPECT_EQ(loss_of(WorkerPhase::kTaking, false), AttemptLoss::kLost);
  EXPECT_EQ(loss_of(WorkerPhase::kStopping, true), AttemptLoss::kGivenBack);
  EXPECT_EQ(loss_of(WorkerPhase::kStopping, false), AttemptLoss::kLost) << "another worker has it";
  EXPECT_EQ(loss_of(WorkerPhase::kClosed, true), AttemptLoss::kGivenBack);
}

}  // namespace
}  // namespace shunt::executor
