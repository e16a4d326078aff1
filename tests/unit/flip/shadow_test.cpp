// Controls and candidates are sync executors here: what a shadow does with them is the same whatever runs
// them.
#include "shunt/flip/shadow.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/function_generator.hpp"
#include "support/executor_client.hpp"
#include "support/generation_requests.hpp"
#include "support/hold.hpp"

namespace shunt::flip {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// A sync executor over models of its own.
struct Side {
  explicit Side(EventLoopThreads& loops) : client(loops), store(make_memory_store(system_clock(), {})) {}

  void add(const std::string& name, std::shared_ptr<Generator> generator) {
    Model model;
    model.name = name;
    model.driver = "function";
    model.generator = std::move(generator);
    model.concurrency = 64;
    ASSERT_TRUE(models.add(std::move(model)).ok());
  }
  void add(const std::string& name, GenerateFunction function) {
    add(name, std::shared_ptr<Generator>(make_function_generator(std::move(function), 4)));
  }
  void start() {
    executor = executor::make_sync_executor(models, *store);
    client.use(*executor);
  }

  ModelRegistry models;
  testing::ExecutorClient client;
  std::unique_ptr<GenerationStore> store;
  std::unique_ptr<executor::GenerationExecutor> executor;
};

class ShadowTest : public ::testing::Test {
 protected:
  ShadowTest() {
    controls_.add("echo", [](GenerationRun& run) -> Json { return run.input(); });
    options_.sample = 1;
    options_.real_per_minute = 1'000;
  }
  ~ShadowTest() override {
    hold_.release();
    std::promise<void> drained;
    loops_.pick().post([&] { shadow_->drain([&](executor::DrainReport) { drained.set_value(); }); });
    testing::await(drained.get_future(), "the end of the candidates");
    (void)controls_.client.drain(std::chrono::seconds(5));
    loops_.stop_and_join();
  }

  void start(ShadowGenerator generator, ShadowRules rules = {}) {
    options_.models["echo"] = {generator, std::move(rules)};
    controls_.start();
    candidates_.start();
    shadow_ = std::make_unique<Shadow>(
        options_, *controls_.executor, [this] { return std::move(candidates_.executor); }, loops_.at(0));
  }
  static GenerationRequest made(std::string text = "hello") {
    GenerationRequest request = testing::request("echo", {{"text", std::move(text)}});
    request.caller = "ann";
    request.idempotency_key = "key";
    request.max_open = 3;
    request.options.metadata = {{"order", 7}};
    request.context.tenant = "acme";
    request.context.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    return request;
  }
  // One sampled request through both sides.
  void run(std::uint64_t epoch = 1, std::string text = "hello") {
    GenerationRequest request = made(std::move(text));
    request.idempotency_key.clear();
    request.max_open = 0;
    auto copy = shadow_->sample(request, 0);
    ASSERT_TRUE(copy.has_value());
    const GenerationId id = controls_.client.start(std::move(request));
    loops_.pick().post([this, copy = *copy, id, epoch] { shadow_->send(copy, id, epoch); });
  }
  ShadowCounts counts_after(std::uint64_t made, std::uint64_t dropped = 0) {
    EXPECT_TRUE(testing::eventually([&] {
      const ShadowCounts counts = shadow_->counts();
      std::uint64_t all_dropped = 0;
      for (const auto& [why, count] : counts.dropped) all_dropped += count;
      return counts.made() == made && all_dropped == dropped;
    }));
    return shadow_->counts();
  }
  static std::uint64_t of(const ShadowCounts& counts, ShadowClass which) {
    return counts.compared[static_cast<std::size_t>(which)];
  }

  testing::Hold hold_;
  EventLoopThreads loops_{2};
  Side controls_{loops_};
  Side candidates_{loops_};
  ShadowOptions options_;
  std::unique_ptr<Shadow> shadow_;
};

TEST_F(ShadowTest, ACopyIsInNobodysUsage) {
  candidates_.add("echo", make_shadow_stub());
  start(ShadowGenerator::kStub);
  GenerationRequest request = made();
  request.files = {{"image", {.sha256 = std::string(64, 'a'), .bytes = 1, .media_type = "image/png"}}};
  const auto copy = shadow_->sample(request, 0.999);
  ASSERT_TRUE(copy.has_value());
  EXPECT_EQ(copy->model, "echo");
  EXPECT_EQ(copy->files, request.files);
  EXPECT_EQ(copy->input, made().input);
  EXPECT_EQ(copy->caller, "");
  EXPECT_EQ(copy->idempotency_key, "");
  EXPECT_EQ(copy->max_open, 0U);
  EXPECT_EQ(copy->context.tenant, "");
  EXPECT_EQ(copy->context.traceparent, "");
  EXPECT_THAT(copy->options.metadata, IsEmpty());
}

TEST_F(ShadowTest, SamplesItsShareOfTheModelsThatHaveAShadow) {
  options_.sample = 0.1;
  options_.models["mailer"] = {ShadowGenerator::kNone, {}};
  start(ShadowGenerator::kStub);
  EXPECT_TRUE(shadow_->sample(made(), 0.0999).has_value());
  EXPECT_FALSE(shadow_->sample(made(), 0.1).has_value());
  EXPECT_FALSE(shadow_->sample(testing::request("mailer"), 0).has_value());
  EXPECT_FALSE(shadow_->sample(testing::request("unheard_of"), 0).has_value());
}

TEST_F(ShadowTest, AStubTellsWhetherTheRequestArrivedWhole) {
  candidates_.add("echo", make_shadow_stub());
  start(ShadowGenerator::kStub);
  for (int i = 0; i < 20; ++i) run(1, std::to_string(i));
  const ShadowCounts counts = counts_after(20);
  EXPECT_EQ(of(counts, ShadowClass::kEqual), 20U);
  EXPECT_TRUE(testing::eventually([this] { return candidates_.client.list({})->records.empty(); }))
      << "nothing of a copy is kept once it was compared";
  EXPECT_THAT(shadow_->report().mismatches, IsEmpty());
}

TEST_F(ShadowTest, AWorkerThatDecodesSomethingElseIsAMismatch) {
  candidates_.add("echo", [](GenerationRun&) -> Json { return {{"request_sha256", "of another one"}}; });
  start(ShadowGenerator::kStub);
  run();
  EXPECT_EQ(counts_after(1).mismatches(), 1U);
  const ShadowReport report = shadow_->report();
  ASSERT_EQ(report.mismatches.size(), 1U);
  EXPECT_EQ(report.mismatches[0].finding.where, "/request_sha256");
  EXPECT_EQ(report.mismatches[0].model, "echo");
}

TEST_F(ShadowTest, ARealGeneratorIsComparedWithWhatTheCallerGot) {
  candidates_.add("echo", [](GenerationRun& run) -> Json { return run.input(); });
  options_.noise = 0;
  start(ShadowGenerator::kReal);
  run();
  EXPECT_EQ(of(counts_after(1), ShadowClass::kEqual), 1U);
}

TEST_F(ShadowTest, OtherContentIsKeptAsHashesAndLengthsAlone) {
  candidates_.add("echo", [](GenerationRun&) -> Json { return {{"text", "goodbye"}}; });
  options_.noise = 0;
  start(ShadowGenerator::kReal);
  run();
  EXPECT_EQ(of(counts_after(1), ShadowClass::kOtherContent), 1U);
  const ShadowMismatch mismatch = shadow_->report().mismatches.at(0);
  EXPECT_EQ(mismatch.finding.where, "/text");
  EXPECT_EQ(mismatch.control.bytes, std::string(R"({"text":"hello"})").size());
  EXPECT_EQ(mismatch.control.sha256.size(), 64U);
  EXPECT_NE(mismatch.control.sha256, mismatch.candidate.sha256);
  EXPECT_EQ(mismatch.control.content + mismatch.candidate.content, "");
}

TEST_F(ShadowTest, KeepsContentWhereThatIsConfiguredAndCutsIt) {
  candidates_.add("echo", [](GenerationRun&) -> Json { return {{"text", std::string(100'000, 'x')}}; });
  options_.noise = 0;
  options_.keep_content = true;
  start(ShadowGenerator::kReal);
  run();
  counts_after(1);
  const ShadowMismatch mismatch = shadow_->report().mismatches.at(0);
  EXPECT_EQ(mismatch.control.content, R"({"text":"hello"})");
  EXPECT_EQ(mismatch.candidate.content.size(), kMostContentBytes);
}

TEST_F(ShadowTest, ACandidateThatFailsOrTakesTooLongIsAMismatchOfItsOwnKind) {
  std::atomic<bool> late{false};
  candidates_.add("echo", [&](GenerationRun& run) -> Json {
    if (late) run.fail(Error{error_code::kDeadlineExceeded, "late"});
    throw std::runtime_error("no");
  });
  options_.noise = 0;
  start(ShadowGenerator::kReal);
  run();
  EXPECT_EQ(of(counts_after(1), ShadowClass::kOtherError), 1U);
  late = true;
  run();
  EXPECT_EQ(of(counts_after(2), ShadowClass::kTimeout), 1U);
}

TEST_F(ShadowTest, MeasuresHowMuchAGeneratorDiffersFromItself) {
  std::atomic<int> next{0};
  candidates_.add("echo", [&](GenerationRun&) -> Json { return {{"text", std::to_string(++next)}}; });
  options_.noise = 0.5;
  start(ShadowGenerator::kReal);
  for (int i = 0; i < 10; ++i) run();
  counts_after(10);
  EXPECT_TRUE(testing::eventually([&] { return shadow_->counts().noise_compared == 5; }));
  EXPECT_EQ(shadow_->counts().noise_mismatches, 5U);
}

TEST_F(ShadowTest, WhatDoesNotFitIsDroppedAndCounted) {
  candidates_.add("echo", [this](GenerationRun& run) -> Json {
    hold_.wait();
    return run.input();
  });
  options_.noise = 0;
  options_.max_in_flight = 2;
  options_.real_per_minute = 3;
  start(ShadowGenerator::kReal);
  for (int i = 0; i < 5; ++i) run();
  EXPECT_THAT(counts_after(0, 3).dropped, ElementsAre(Pair("busy", 3)));
  hold_.release();
  counts_after(2, 3);
  EXPECT_TRUE(testing::eventually([&] {
    run();
    return shadow_->counts().dropped.contains("budget");
  }));
}

TEST_F(ShadowTest, ARefusedCopyIsDroppedWithItsCode) {
  start(ShadowGenerator::kStub);  // nobody serves the model
  run();
  EXPECT_THAT(counts_after(0, 1).dropped, ElementsAre(Pair("unknown_model", 1)));
  run();
  counts_after(0, 2);
}

TEST_F(ShadowTest, ACopyThatIsNotComparedIsInFlightUntilItsEndAndForgottenThen) {
  candidates_.add("echo", [this](GenerationRun& run) -> Json {
    hold_.wait();
    return run.input();
  });
  options_.noise = 0;
  options_.max_in_flight = 1;
  start(ShadowGenerator::kReal);
  const GenerationId nobody = GenerationIdSource(system_clock()).next();
  auto copy = shadow_->sample(made(), 0);
  loops_.pick().post([&] { shadow_->send(*copy, nobody, 1); });
  EXPECT_THAT(counts_after(0, 1).dropped, ElementsAre(Pair("control_gone", 1)));
  run();
  EXPECT_EQ(counts_after(0, 2).dropped.at("busy"), 1U) << "it still runs";
  hold_.release();
  EXPECT_TRUE(testing::eventually([this] { return candidates_.client.list({})->records.empty(); }));
  EXPECT_TRUE(testing::eventually([this] {
    run();
    return shadow_->counts().made() > 0;
  })) << "there is room again";
}

TEST_F(ShadowTest, ANewEpochCountsAnew) {
  candidates_.add("echo", make_shadow_stub());
  start(ShadowGenerator::kStub);
  run(1);
  counts_after(1);
  run(2);
  EXPECT_TRUE(testing::eventually([&] { return shadow_->counts().epoch == 2; }));
  EXPECT_EQ(counts_after(1).sampled, 1U);
}

}  // namespace
}  // namespace shunt::flip
