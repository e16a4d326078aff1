#include "core/queue_keys.hpp"

#include <gtest/gtest.h>

namespace bullmq::detail {
namespace {

TEST(QueueKeys, AreThoseThatTheScriptsUse) {
  const QueueKeys keys("bull", "paint");
  EXPECT_EQ(keys.base, "bull:paint:");
  EXPECT_EQ(keys.qualified, "bull:paint");
  const std::pair<const std::string&, const char*> names[] = {
      {keys.wait, "wait"},
      {keys.paused, "paused"},
      {keys.active, "active"},
      {keys.prioritized, "prioritized"},
      {keys.delayed, "delayed"},
      {keys.waiting_children, "waiting-children"},
      {keys.completed, "completed"},
      {keys.failed, "failed"},
      {keys.id, "id"},
      {keys.pc, "pc"},
      {keys.marker, "marker"},
      {keys.events, "events"},
      {keys.meta, "meta"},
      {keys.limiter, "limiter"},
      {keys.stalled, "stalled"},
      {keys.stalled_check, "stalled-check"},
      {keys.repeat, "repeat"},
      {keys.metrics_completed, "metrics:completed"},
      {keys.metrics_failed, "metrics:failed"},
  };
  for (const auto& [key, suffix] : names) EXPECT_EQ(key, std::string("bull:paint:") + suffix);
}

TEST(QueueKeys, OfAJobFollowTheQueue) {
  const QueueKeys keys("{x}", "paint");
  EXPECT_EQ(keys.job("7"), "{x}:paint:7");
  EXPECT_EQ(keys.job("a:b:c", "lock"), "{x}:paint:a:b:c:lock");
  EXPECT_EQ(keys.deduplication("same"), "{x}:paint:de:same");
  EXPECT_EQ(keys.of(""), "{x}:paint:");
}

}  // namespace
}  // namespace bullmq::detail
