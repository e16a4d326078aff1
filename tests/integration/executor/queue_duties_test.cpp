// What a queue executor does every now and then, with a Redis whose answers make it fail.
#include <gmock/gmock.h>

#include <stdexcept>
#include <thread>

#include "integration/executor/queue_pair.hpp"

namespace shunt::testing {
namespace {

using Kind = FaultLog::Kind;

class QueueDuties : public QueuePair {
 protected:
  std::int64_t commands() { return std::stoll(redis_.info("total_commands_processed")); }
  // They wait, since no worker takes them.
  std::vector<GenerationId> start_many(std::size_t count, std::chrono::milliseconds timeout) {
    std::vector<GenerationId> ids;
    for (std::size_t i = 0; i < count; ++i) {
      GenerationRequest made = request("echo");
      made.options.timeout = timeout;
      ids.push_back(client_.start(std::move(made)));
    }
    return ids;
  }
  bool none_is_open() { return redis_({"ZCARD", key("::gen:o:{shunt}:echo")}).integer == 0; }

  RedisProcess redis_;
};

// A watch is what makes an executor end them itself, within its next turns.
TEST_F(QueueDuties, AThousandGenerationsThatExpireWhileTheyAreFollowedEndTogether) {
  constexpr std::size_t kMany = 1'000;
  start_executor(redis_.url());
  wait_ready();
  const auto ids = start_many(kMany, 8s);
  std::vector<std::unique_ptr<EventWatch>> watches;
  for (const GenerationId& id : ids) watches.push_back(client_.watch(id));
  const auto before = commands();
  ASSERT_TRUE(eventually([&] { return none_is_open(); }, 30s));
  ASSERT_TRUE(eventually([&] { return redis_({"LLEN", key(":echo:wait")}).integer == 0; }));
  const auto each = static_cast<double>(commands() - before) / kMany;
  RecordProperty("commands_each", std::to_string(each));
  EXPECT_EQ(client_.record(ids.front()).error->code, error_code::kDeadlineExceeded);
  EXPECT_EQ(client_.record(ids.back()).error->code, error_code::kDeadlineExceeded);
}

TEST_F(QueueDuties, AThousandExpiredGenerationsThatNobodyFollowsEndInOneRound) {
  constexpr std::size_t kMany = 1'000;
  start_executor(redis_.url());
  wait_ready();
  const auto ids = start_many(kMany, 1s);
  executor_.reset();
  // Younger ones may be on their way to the queue, for whoever looks at them next (missing_after).
  queue_.enqueue_deadline = 1s;
  const auto late = ids.back().created_at() + 4'200ms;
  ASSERT_TRUE(eventually([&] { return system_clock().now() > late; }));
  // Those that ended while they were still followed here.
  const auto left = redis_({"ZCARD", key("::gen:o:{shunt}:echo")}).integer;
  models_ = {};
  add_model("echo", [](GenerationRun&) -> Json { return nullptr; }, 500ms);
  const auto began = std::chrono::steady_clock::now();
  start_executor(redis_.url());
  ASSERT_TRUE(eventually([&] { return none_is_open(); }, 30s)) << "the first round has to end them all";
  const auto took = std::chrono::steady_clock::now() - began;
  RecordProperty("ended", std::to_string(left));
  RecordProperty("milliseconds",
                 std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  EXPECT_EQ(client_.record(ids.front()).error->code, error_code::kDeadlineExceeded);
}

TEST_F(QueueDuties, KeysOfAnotherTypeFailOneDutyAndStopNoOther) {
  for (const char* broken : {":echo:meta", "::gen:index"}) redis_({"SET", key(broken), "of another type"});
  add_model("other", [](GenerationRun&) -> Json { return nullptr; });
  start_executor(redis_.url());
  wait_ready();
  EXPECT_TRUE(eventually([&] { return faults_of("queues", Kind::kFault) > 0; }));
  EXPECT_TRUE(eventually([&] {
    return redis_({"HGET", key(":other:meta"), "opts.maxLenEvents"}).text == "1000";
  })) << "the next queue is kept";
}

class ThrowingStore final : public ArtifactStore {
 public:
  Result<std::string> put(std::string_view) override { return Error{"artifact_store_failed", "none"}; }
  Result<std::shared_ptr<const std::string>> read(const std::string&, std::size_t, std::size_t,
                                                  std::size_t) override {
    return Error{"artifact_gone", "none"};
  }
  Result<void> remove(const std::string&) override { return {}; }
  Result<std::size_t> expire(std::chrono::milliseconds) override {
    throw std::length_error("a directory too long");
  }
};

TEST_F(QueueDuties, AStoreThatThrowsIsAFaultOfItsDutyAlone) {
  artifacts_ = std::make_unique<ThrowingStore>();
  start(redis_.url());
  EXPECT_TRUE(eventually([&] { return faults_of("expire_artifacts", Kind::kFault) > 0; }));
  EXPECT_EQ(client_.wait_for_end(client_.start(request("echo"))).state, GenerationState::kSucceeded);
}

TEST_F(QueueDuties, ARedisThatIsAwayIsNoFault) {
  start(redis_.url());
  redis_.kill();
  EXPECT_TRUE(eventually([&] { return faults_of("health", Kind::kUnavailable) > 0; }));
  redis_.start();
  wait_ready();
  for (const FaultLog::Count& count : faults_.counts())
    EXPECT_EQ(count.kind, Kind::kUnavailable) << count.name;
}

}  // namespace
}  // namespace shunt::testing
