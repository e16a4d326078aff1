// Within how long the generation of a lost worker runs again: what the code reckons with and what every text
// says.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "shunt/executor/queue_options.hpp"

namespace shunt::executor {
namespace {

using namespace std::chrono_literals;

QueueOptions options(std::chrono::milliseconds lock, std::chrono::milliseconds interval) {
  QueueOptions made;
  made.lock_duration = lock;
  made.stalled_interval = interval;
  return made;
}

TEST(LostWorkerBound, IsTheLockAndTwoIntervalsOrTwoChecksWhereLocksAreShort) {
  EXPECT_EQ(lost_worker_bound(options(10s, 5s)), 20s);
  EXPECT_EQ(lost_worker_bound(options(30s, 5s)), 40s);
  EXPECT_EQ(lost_worker_bound(options(2s, 300ms)), 2600ms);
  EXPECT_EQ(lost_worker_bound(options(1s, 10s)), 40s);
}

struct Text {
  const char* file;
  const char* sentence;  // "%" stands for the bound
};

std::string without_breaks(const char* file) {
  std::ifstream in(std::string(SHUNT_SOURCE) + '/' + file);
  std::ostringstream text;
  text << in.rdbuf();
  std::string flat;
  for (const char c : text.str()) {
    const char plain = c == '\n' ? ' ' : c;
    if (plain != ' ' || !flat.ends_with(' ')) flat += plain;
  }
  return flat;
}

TEST(LostWorkerBound, IsTheSameInEveryText) {
  const auto bound =
      std::chrono::duration_cast<std::chrono::seconds>(lost_worker_bound(QueueOptions{})).count();
  for (const Text& text : {
           Text{"README.md", "another one begins it anew within % s"},
           Text{"docs/contract.md", "`queue.lock_duration` + 2 x `queue.stalled_interval`, % s"},
           Text{"docs/flip/caveats.md", "`queue.lock_duration` + 2 x `queue.stalled_interval` (% s)"},
           Text{"docs/flip/caveats.md", "the time in which a lost worker is found (% s)"},
           Text{"docs/configuration.md",
                "within %s with the defaults (lock_duration + 2 x stalled_interval)"},
           Text{"examples/node-worker/worker.mjs", "runs again within % s"},
           Text{"tests/e2e/http/test_worker_life.py", "the default takes up to % s"},
       }) {
    std::string sentence = text.sentence;
    sentence.replace(sentence.find('%'), 1, std::to_string(bound));
    EXPECT_NE(without_breaks(text.file).find(sentence), std::string::npos) << text.file << ": " << sentence;
  }
}

}  // namespace
}  // namespace shunt::executor
