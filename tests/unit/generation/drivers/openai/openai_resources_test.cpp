#include <netdb.h>

#include <filesystem>

#include "openai_fixture.hpp"

namespace shunt::generation {
namespace {

using namespace std::chrono_literals;
using testing::OpenAiTest;

std::size_t entries_of(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}
std::size_t thread_count() {
  return entries_of("/proc/self/task");
}
std::size_t descriptor_count() {
  return entries_of("/proc/self/fd");
}

// A name for 127.0.0.1 that libcurl does not know by itself: this machine's own, where /etc/hosts has it so,
// else "localhost" in capitals, which libcurl knows and the driver looks up all the same.
std::string name_of_this_machine() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  addrinfo hints{};
  hints.ai_family = AF_INET;
  addrinfo* found = nullptr;
  if (getaddrinfo(name, nullptr, &hints, &found) != 0) return "LOCALHOST";
  const auto* address = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
  const bool is_loopback = address->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
  freeaddrinfo(found);
  return is_loopback ? name : "LOCALHOST";
}

TEST_F(OpenAiTest, RunsTwoHundredStreamsAtOnceOnTheLoopsThreadAlone) {
  given_model("ok?tokens=10&gap_ms=50");
  const std::size_t threads = thread_count();
  std::vector<GenerationId> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(start());
  ASSERT_TRUE(testing::eventually([&] { return calls() == 200; }));
  EXPECT_EQ(thread_count(), threads);
  for (const auto& id : ids) {
    const auto record = client().wait_for_end(id);
    ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
    EXPECT_EQ(record.text, "Trains roll down the hump – één für 日本 ☕");
  }
}

TEST_F(OpenAiTest, NeedsOneMoreThreadForANameHoweverManyRequests) {
  given_model("ok", [&](OpenAiOptions& o) {
    o.base_url = "http://" + name_of_this_machine() + ':' + std::to_string(server_.port()) + "/v1";
  });
  const std::size_t threads = thread_count();
  std::vector<GenerationId> ids;
  std::size_t most = 0;
  for (int i = 0; i < 200; ++i) {
    ids.push_back(start());
    most = std::max(most, thread_count());
  }
  for (const auto& id : ids) EXPECT_EQ(client().wait_for_end(id).state, GenerationState::kSucceeded);
  EXPECT_LE(most, threads + 1);
}

TEST_F(OpenAiTest, RunsOnEveryLoopOfAService) {
  given_model("ok?tokens=10&gap_ms=1");
  EventLoopThreads loops(3);
  const auto executor = executor::make_sync_executor(models_, *store_);
  testing::ExecutorClient service(loops);
  service.use(*executor);
  GenerationRequest request;
  request.model = "m0";
  request.input = JsonObject{{"prompt", "p"}};
  std::vector<GenerationId> ids;
  for (int i = 0; i < 60; ++i) ids.push_back(service.start(request));
  for (const auto& id : ids) EXPECT_EQ(service.wait_for_end(id).state, GenerationState::kSucceeded);
  service.drain(0ms);
}

TEST_F(OpenAiTest, KeepsNoMoreDescriptorsThanItsIdleConnections) {
  const std::vector<std::string> modes{"ok?gap_ms=20", "half", "status?code=500", "reset", "hang", "garbage"};
  for (const auto& mode : modes) given_model(mode, [](OpenAiOptions& o) { o.first_byte_timeout = 20ms; });
  const auto run_all = [&](int times) {
    std::vector<GenerationId> ids;
    for (int i = 0; i < times; ++i) {
      for (std::size_t model = 0; model < modes.size(); ++model) ids.push_back(start(model));
    }
    for (const auto& id : ids) (void)client().wait_for_end(id);
  };
  run_all(1);
  const std::size_t before = descriptor_count();
  run_all(100);  // of each mode: a leak in any of them is more than the idle connections
  constexpr std::size_t kIdleConnections = 96;  // http's curl_loop.cpp
  EXPECT_TRUE(testing::eventually([&] { return descriptor_count() <= before + kIdleConnections; }))
      << descriptor_count() << " descriptors, " << before << " before";
}

TEST_F(OpenAiTest, UsesOneConnectionForGenerationsOneAfterTheOther) {
  given_model("ok");
  for (int i = 0; i < 10; ++i) ASSERT_EQ(run().state, GenerationState::kSucceeded);
  EXPECT_EQ(seen("ok").at("connections"), 1);
}

TEST_F(OpenAiTest, StopsInMidStreamAndClosesTheConnection) {
  given_model("hang_mid");
  const GenerationId id = start();
  ASSERT_TRUE(testing::eventually([&] { return client().record(id).text == "Trains roll down"; }));
  ASSERT_TRUE(client().cancel(id, "enough").ok());
  const auto record = client().wait_for_end(id);
  EXPECT_EQ(record.state, GenerationState::kCancelled);
  EXPECT_EQ(record.text, "Trains roll down");
  EXPECT_TRUE(testing::eventually([&] { return seen("hang_mid").at("closed") == 1; }));
}

TEST_F(OpenAiTest, StopsAtTheGenerationsDeadlineBeforeTheFirstByte) {
  given_model("hang");
  GenerationRequest request;
  // Doubled until the request has been sent before, on a busy machine, too.
  for (std::chrono::milliseconds timeout = 500ms; timeout < 10s && calls() == 0; timeout *= 2) {
    request.options.timeout = timeout;
    const auto record = run(0, request);
    ASSERT_EQ(record.state, GenerationState::kFailed);
    EXPECT_EQ(record.error->code, error_code::kDeadlineExceeded);
  }
  EXPECT_GE(calls(), 1);
  EXPECT_TRUE(testing::eventually([&] {
    const Json met = seen("hang");
    return met.at("closed") == met.at("calls");
  }));
}

TEST_F(OpenAiTest, StopsTwoHundredGenerationsWhileTheyStart) {
  given_model("ok?tokens=1000&gap_ms=100");
  std::vector<GenerationId> ids;
  for (int i = 0; i < 200; ++i) {
    ids.push_back(start());
    if (i % 3 != 0) (void)client().cancel(ids.back(), "changed my mind");
  }
  for (const auto& id : ids) (void)client().cancel(id, "all of it");
  for (const auto& id : ids) EXPECT_EQ(client().wait_for_end(id).state, GenerationState::kCancelled);
}

// A run that only remembers whether it was let go.
class ForgottenRun final : public GenerationRun {
 public:
  explicit ForgottenRun(std::atomic<bool>& gone) : gone_(gone) {
    envelope_.request.input = JsonObject{{"prompt", "p"}};
  }
  ~ForgottenRun() override { gone_ = true; }
  const Envelope& envelope() const noexcept override { return envelope_; }
  std::stop_token stop_token() const noexcept override { return stop_.get_token(); }
  void delta(std::string_view) override {}
  void delta(std::string_view, MessageParts) override {}
  void progress(double, std::string_view) override {}
  void log(std::string_view, std::string_view) override {}
  void artifact(Artifact) override {}
  void succeed(Json) override {}
  void fail(Error) override {}
  void stopped() override {}

 private:
  std::atomic<bool>& gone_;
  Envelope envelope_;
  std::stop_source stop_;
};

TEST_F(OpenAiTest, LetsGoOfItsRunsWhenTheLoopGoes) {
  for (const std::string mode : {"hang", "rate_limited?times=9&retry_after=15"}) {
    given_model(mode, [](OpenAiOptions& o) { o.max_retries = 2; });
  }
  for (std::size_t model = 0; model < upstream_names_.size(); ++model) {
    std::atomic<bool> gone = false;
    {
      EventLoopThreads loops(1);
      loops.at(0).post([&gone, generator = models_.find("m" + std::to_string(model))->generator.get()] {
        generator->start(std::make_shared<ForgottenRun>(gone));
      });
      ASSERT_TRUE(testing::eventually([&] { return calls(upstream_names_[model]) == 1; }));
      EXPECT_FALSE(gone);
    }
    EXPECT_TRUE(gone) << upstream_names_[model];
  }
}

}  // namespace
}  // namespace shunt::generation
