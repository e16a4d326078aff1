#include "shunt/executor/admission.hpp"

#include <gtest/gtest.h>

namespace shunt::executor {
namespace {

TEST(ChooseExecutor, IsSyncWithTheQueueDisabled) {
  const ExecutorChoice choice = choose_executor(false);
  EXPECT_EQ(choice.strategy, Strategy::kSync);
  EXPECT_EQ(choice.admission.executor, "sync");
  EXPECT_EQ(choice.admission.reason, "queue_disabled");
}

TEST(ChooseExecutor, IsTheQueueWithTheQueueEnabled) {
  const ExecutorChoice choice = choose_executor(true);
  EXPECT_EQ(choice.strategy, Strategy::kQueue);
  EXPECT_EQ(choice.admission.executor, "queue");
  EXPECT_EQ(choice.admission.reason, "queue_enabled");
}

}  // namespace
}  // namespace shunt::executor
