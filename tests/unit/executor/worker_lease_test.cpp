#include "queue/records/worker_lease.hpp"

#include <gtest/gtest.h>

namespace shunt::executor {
namespace {

TEST(WorkerLease, TellsWhetherAWorkerKeepsFromRunningTwice) {
  struct Row {
    const char* name;
    const char* lease;
    bool once;
  };
  const Row table[] = {
      {"ours", R"({"envelope":2,"begins":true})", true},
      {"ours, of a later version", R"({"envelope":9,"begins":true})", true},
      {"ours, of the version before", R"({"version":"1"})", false},
      {"one that only knows BullMQ", R"({"envelope":2,"max_stalled_count":0})", true},
      {"the same, and gives jobs out again", R"({"envelope":2,"max_stalled_count":1})", false},
      {"the same, of the version before", R"({"envelope":1,"max_stalled_count":0})", false},
      {"the same, that does not tell", R"({"envelope":2})", false},
      {"a liar", R"({"envelope":"2","begins":1,"max_stalled_count":"0"})", false},
      {"another liar", R"({"envelope":-2,"begins":true})", false},
      {"no lease", "[]", false},
  };
  for (const Row& row : table) {
    const WorkerLease lease = decode_lease(row.lease);
    EXPECT_EQ(keeps_to(lease, OnLost::kFail), row.once) << row.name;
    EXPECT_TRUE(keeps_to(lease, OnLost::kRerun)) << row.name;
  }
}

}  // namespace
}  // namespace shunt::executor
