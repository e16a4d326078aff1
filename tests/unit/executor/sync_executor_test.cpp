// What is special to the sync executor; what every executor does is in tests/conformance.
#include "shunt/executor/sync_executor.hpp"

#include <gtest/gtest.h>

#include <array>
#include <mutex>

#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/function_generator.hpp"
#include "support/executor_client.hpp"

namespace shunt::executor {
namespace {

class RecordingObserver final : public ExecutorObserver {
 public:
  void submitted(const Submitted& request) override {
    static constexpr std::array kNames{"admitted", "replayed", "refused", "unknown"};
    std::string what = kNames.at(static_cast<std::size_t>(request.outcome));
    if (!request.code.empty()) what += ' ' + std::string(request.code);
    if (request.took <= std::chrono::nanoseconds(0)) what += " in no time";
    note(what, request.model, request.path);
  }
  void ended(const Ended& end) override {
    note("ended " + std::string(to_string(end.state)) + " " + std::string(end.error_code), end.model,
         end.path);
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  void note(const std::string& what, std::string_view model, std::string_view path) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(what + " " + std::string(model) + " " + std::string(path));
  }
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

class SyncExecutorTest : public ::testing::Test {
 protected:
  SyncExecutorTest() : loops_(1), client_(loops_) {}
  ~SyncExecutorTest() override { client_.drain(std::chrono::milliseconds(0)); }

  void add(const std::string& name, GenerateFunction function, std::size_t concurrency = 4) {
    Model model;
    model.name = name;
    model.generator = make_function_generator(std::move(function), 2);
    model.concurrency = concurrency;
    model.max_waiting = 0;
    EXPECT_TRUE(models_.add(std::move(model)).ok());
  }
  void open(const MemoryStoreLimits& limits = {}) {
    store_ = make_memory_store(system_clock(), limits);
    executor_ =
        make_sync_executor(models_, *store_, {.admission = {"sync", "because"}, .observer = &observer_});
    client_.use(*executor_);
  }
  static GenerationRequest request(std::string model) {
    GenerationRequest made;
    made.model = std::move(model);
    return made;
  }

  EventLoopThreads loops_;
  ModelRegistry models_;
  RecordingObserver observer_;
  std::unique_ptr<GenerationStore> store_;
  std::unique_ptr<GenerationExecutor> executor_;
  testing::ExecutorClient client_;
};

TEST_F(SyncExecutorTest, RunsFromTheDecodedEnvelopeNotFromTheRequest) {
  Envelope seen;
  add("m", [&seen](GenerationRun& run) -> Json {
    seen = run.envelope();
    return nullptr;
  });
  open();
  GenerationRequest made = request("m");
  made.input = JsonObject{{"x", 3.0}};
  made.idempotency_key = "k";
  made.context.tenant = "acme";
  client_.wait_for_end(client_.start(made));
  // A double without a fraction comes back from JSON text as an integer, and the key stays with admission.
  EXPECT_TRUE(seen.request.input.at("x").is_int64());
  EXPECT_EQ(seen.request.idempotency_key, "");
  EXPECT_EQ(seen.request.context.tenant, "acme");
  EXPECT_EQ(seen.admission.reason, "because");
}

TEST_F(SyncExecutorTest, TellsItsObserverAboutAdmissionsRefusalsAndEnds) {
  add("good", [](GenerationRun&) -> Json { return nullptr; });
  add("bad", [](GenerationRun&) -> Json { throw std::runtime_error("no"); });
  open();
  std::vector<std::string> expected;
  // An end is told a moment after it can be seen.
  const auto tells = [&](std::initializer_list<std::string> lines) {
    expected.insert(expected.end(), lines);
    EXPECT_TRUE(testing::eventually([&] { return observer_.lines() == expected; }))
        << ::testing::PrintToString(observer_.lines());
  };
  GenerationRequest keyed = request("good");
  keyed.idempotency_key = "k";
  client_.start(keyed);
  tells({"admitted good sync", "ended succeeded  good sync"});
  client_.start(keyed);
  tells({"replayed good sync"});
  client_.start(request("bad"));
  tells({"admitted bad sync", "ended failed generator_failed bad sync"});
  (void)client_.submit(request("from a stranger"));
  tells({"refused unknown_model  sync"});
}

TEST_F(SyncExecutorTest, AFullStoreRefusesAndLeavesNothingBehind) {
  add("m", [](GenerationRun& run) -> Json {
    while (!run.stop_token().stop_requested()) std::this_thread::yield();
    return nullptr;
  });
  open({.max_generations = 1});
  const GenerationId running = client_.start(request("m"));
  const auto outcome = client_.submit(request("m"));
  ASSERT_TRUE(std::holds_alternative<Refused>(outcome));
  EXPECT_EQ(std::get<Refused>(outcome).error.code, error_code::kStoreFull);
  EXPECT_EQ(executor_->describe().running, 1U);
  EXPECT_EQ(client_.list({})->records.size(), 1U);
  ASSERT_TRUE(client_.cancel(running, "").ok());
  client_.wait_for_end(running);
}

TEST_F(SyncExecutorTest, SubmitOutsideOfAnEventLoopIsABug) {
  add("m", [](GenerationRun&) -> Json { return nullptr; });
  open();
  EXPECT_THROW(executor_->submit(request("m"), [](const SubmitOutcome&) {}), std::logic_error);
}

TEST_F(SyncExecutorTest, NeverRunsMoreThanTheModelsConcurrency) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  Model model;
  model.name = "m";
  model.concurrency = 3;
  model.max_waiting = 500;
  model.generator = make_function_generator(
      [&](GenerationRun&) -> Json {
        const int now = ++running;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        --running;
        return nullptr;
      },
      8);
  EXPECT_TRUE(models_.add(std::move(model)).ok());
  open();
  std::vector<GenerationId> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(client_.start(request("m")));
  for (const GenerationId& id : ids) client_.wait_for_end(id);
  EXPECT_LE(most, 3);
}

}  // namespace
}  // namespace shunt::executor
