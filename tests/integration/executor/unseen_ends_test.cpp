// Ends that no API process is told, because nobody watches.
#include <gmock/gmock.h>

#include "integration/executor/registry_fixture.hpp"

namespace shunt::testing {
namespace {

class UnseenEnds : public RegistryTest {
 protected:
  UnseenEnds() : a_(start_ready(redis_.url())), b_(start_ready(redis_.url())) { start_worker(redis_.url()); }

  std::string member(const GenerationId& id, const std::string& name) {
    return redis_({"HGET", "{shunt}::gen:r:" + id.to_string(), name}).text;
  }

  RedisProcess redis_;
  ApiProcess& a_;
  ApiProcess& b_;
};

TEST_F(UnseenEnds, AreCountedOnceByOneOfTheProcesses) {
  const GenerationId id = a_.queue.start(request("gated"));
  // Its client has gone, and then what this process had of it.
  ASSERT_TRUE(eventually([&] { return member(id, "state") == "running" && member(id, "watch").empty(); }));
  hold_.release();
  EXPECT_TRUE(eventually([&] { return a_.counts.ends_of(id) + b_.counts.ends_of(id) == 1; }));
  EXPECT_EQ(redis_({"EXISTS", "{shunt}::gen:unseen"}).integer, 0);
  // Once another one is counted, each process has looked behind the first.
  const GenerationId later = a_.queue.start(request("gated"));
  ASSERT_TRUE(eventually([&] { return a_.counts.ends_of(later) + b_.counts.ends_of(later) == 1; }));
  EXPECT_EQ(a_.counts.ends_of(id) + b_.counts.ends_of(id), 1);
}

TEST_F(UnseenEnds, AreNotThoseThatAreWatchedOrThatAProcessRanItself) {
  const GenerationId watched = a_.queue.start(request("echo"));
  a_.queue.wait_for_end(watched);
  const GenerationId own = a_.sync.start(in_background("echo"));
  a_.sync.wait_for_end(own);
  ASSERT_TRUE(eventually([&] { return member(own, "state") == "succeeded"; }));
  // Behind both of them in the list, if they were in it.
  const GenerationId last = a_.queue.start(request("gated"));
  ASSERT_TRUE(
      eventually([&] { return member(last, "state") == "running" && member(last, "watch").empty(); }));
  hold_.release();
  ASSERT_TRUE(eventually([&] { return a_.counts.ends_of(last) + b_.counts.ends_of(last) == 1; }));
  EXPECT_EQ(a_.counts.ends_of(watched) + b_.counts.ends_of(watched), 1);
  EXPECT_EQ(a_.counts.ends_of(own) + b_.counts.ends_of(own), 1);
}

}  // namespace
}  // namespace shunt::testing
