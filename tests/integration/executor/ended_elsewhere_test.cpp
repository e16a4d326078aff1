// A worker gets a job whose generation has its end already: another one wrote it and was lost before it could
// end the job.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "integration/executor/queue_pair.hpp"

namespace shunt::testing {
namespace {

using ::testing::HasSubstr;

class EndedElsewhere : public QueuePair {
 protected:
  void run(const std::string& script, const std::vector<std::string>& arguments) {
    std::ifstream in(std::string(SHUNT_LUA) + "/" + script + ".lua");
    std::ostringstream text;
    text << in.rdbuf();
    std::vector<std::string> words{"EVAL", text.str(), "1", key("::gen:")};
    words.insert(words.end(), arguments.begin(), arguments.end());
    redis_(words);
  }
  // As a worker that is lost right after it has written this end.
  void end(const std::string& id, const std::string& events, const std::string& state) {
    run("begin", {"lost", id, key(":echo"), "", "60000", "1763912587042"});
    run("append", {"100", "60000", id, "1", "2", std::to_string(std::ranges::count(events, '\n') + 1), events,
                   state, "60000"});
  }
  std::string job(const GenerationId& id, const std::string& field) {
    return redis_({"HGET", key(":echo:") + id.to_string(), field}).text;
  }
  RedisProcess redis_;
};

constexpr const char* kAt = R"("at":"2025-11-23T15:43:08.000Z")";

TEST_F(EndedElsewhere, ASuccessIsTheJobsReturnValue) {
  start_executor(redis_.url());
  wait_ready();
  const GenerationId id = client_.start(request("echo"));
  // Its clean-up would remove the job.
  executor_.reset();
  const std::string at = kAt;
  end(id.to_string(),
      R"([{"seq":2,"type":"started",)" + at + "},\n" + R"({"seq":3,"type":"delta","text":"good morning",)" +
          at + "},\n" + R"({"seq":4,"type":"succeeded","result":{"tokens":2},)" + at + "}]",
      "succeeded");
  start_worker(redis_.url());
  ASSERT_TRUE(eventually([&] { return !job(id, "returnvalue").empty(); }));
  EXPECT_THAT(job(id, "returnvalue"), HasSubstr("good morning"));
  EXPECT_THAT(job(id, "returnvalue"), HasSubstr("tokens"));
}

TEST_F(EndedElsewhere, AFailureIsTheJobsReason) {
  start_executor(redis_.url());
  wait_ready();
  const GenerationId id = client_.start(request("echo"));
  // Its clean-up would remove the job.
  executor_.reset();
  const std::string at = kAt;
  end(id.to_string(),
      R"([{"seq":2,"type":"started",)" + at + "},\n" +
          R"({"seq":3,"type":"failed","error":{"code":"out_of_paper","message":"none left"},)" + at + "}]",
      "failed");
  start_worker(redis_.url());
  ASSERT_TRUE(eventually([&] { return !job(id, "failedReason").empty(); }));
  EXPECT_EQ(job(id, "failedReason"), "out_of_paper: none left");
}

}  // namespace
}  // namespace shunt::testing
