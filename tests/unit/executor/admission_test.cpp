#include "shunt/executor/admission.hpp"

#include <gtest/gtest.h>

namespace shunt::executor {
namespace {

TEST(ChooseExecutor, IsSyncWithTheQueueDisabledWhateverTheUrl) {
  for (const std::string url : {"", "redis://127.0.0.1:1", "garbage"}) {
    const auto choice = choose_executor({.enabled = false, .redis_url = url});
    ASSERT_TRUE(choice.ok());
    EXPECT_EQ(choice->strategy, Strategy::kSync);
    EXPECT_EQ(choice->admission.executor, "sync");
    EXPECT_EQ(choice->admission.reason, "queue_disabled");
  }
}

TEST(ChooseExecutor, RefusesToPretendWithTheQueueEnabled) {
  const auto choice = choose_executor({.enabled = true, .redis_url = "redis://127.0.0.1:6379"});
  ASSERT_FALSE(choice.ok());
  EXPECT_EQ(choice.error().code, "queue_unavailable");
  EXPECT_NE(choice.error().message.find("QUEUE_ENABLED"), std::string::npos);
}

}  // namespace
}  // namespace shunt::executor
