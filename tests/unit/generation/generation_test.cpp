#include "shunt/generation/generation.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "shunt/generation/error_codes.hpp"
#include "support/manual_clock.hpp"

namespace shunt::generation {
namespace {

class GenerationTest : public ::testing::Test {
 protected:
  std::shared_ptr<Generation> make(const OutputLimits& limits = {}) {
    Envelope envelope;
    envelope.id = ids_.next();
    envelope.request.model = "m";
    envelope.created_at = clock_.now();
    return std::make_shared<Generation>(envelope, clock_, limits);
  }
  static std::vector<GenerationEvent> all_events(Generation& generation, WatchOptions options = {}) {
    return generation.watch(options)->read(std::numeric_limits<std::size_t>::max());
  }
  static std::string types(Generation& generation) {
    std::string names;
    for (const auto& event : all_events(generation)) names.append(event.type()).append(" ");
    return names;
  }

  testing::ManualClock clock_;
  GenerationIdSource ids_{clock_};
};

TEST_F(GenerationTest, ATerminalStateNeverChanges) {
  using End = bool (*)(Generation&);
  const End ends[] = {[](Generation& g) { return g.succeed(nullptr); },
                      [](Generation& g) { return g.fail({"code", "message"}); },
                      [](Generation& g) { return g.cancel("reason"); }};
  for (const End first : ends) {
    const auto generation = make();
    ASSERT_TRUE(first(*generation));
    const GenerationState state = generation->state();
    for (const End late : ends) EXPECT_FALSE(late(*generation));
    EXPECT_FALSE(generation->start());
    EXPECT_FALSE(generation->delta("late"));
    EXPECT_FALSE(generation->progress(1, ""));
    EXPECT_FALSE(generation->log("info", "late"));
    EXPECT_FALSE(generation->artifact({"a", "b", nullptr}));
    EXPECT_EQ(generation->state(), state);
    EXPECT_EQ(all_events(*generation).size(), 2U);
  }
}

TEST_F(GenerationTest, IsQueuedAtTheTimeOfItsEnvelopeWheneverItIsMade) {
  Envelope envelope;
  envelope.created_at = clock_.now();
  clock_.advance(std::chrono::minutes(1));
  const auto generation = std::make_shared<Generation>(envelope, clock_, OutputLimits{});
  EXPECT_EQ(all_events(*generation).front().at, envelope.created_at);
}

TEST_F(GenerationTest, RecordTellsTimesTextProgressAndResult) {
  const auto generation = make();
  clock_.advance(std::chrono::milliseconds(5));
  generation->start();
  generation->delta("a");
  generation->delta("b");
  generation->progress(2.5, "too much");
  clock_.advance(std::chrono::milliseconds(7));
  generation->succeed(JsonObject{{"n", 1}});
  const GenerationRecord record = generation->record();
  EXPECT_EQ((*record.started_at - record.created_at).count(), 5);
  EXPECT_EQ((*record.finished_at - *record.started_at).count(), 7);
  EXPECT_EQ(record.text, "ab");
  EXPECT_EQ(record.progress->fraction, 1.0);
  EXPECT_EQ(record.result, (Json(JsonObject{{"n", 1}})));
  EXPECT_EQ(record.last_sequence, 6U);
  EXPECT_EQ(generation->record(Generation::Detail::kSummary).text, "");
}

TEST_F(GenerationTest, PastTheEventLimitDeltasAreJoinedAndLogsDroppedButTheTextIsWhole) {
  const auto generation = make({.max_events = 10});
  std::string sent;
  for (int i = 0; i < 5'000; ++i) {
    const std::string piece = std::to_string(i) + ' ';
    sent += piece;
    ASSERT_TRUE(generation->delta(piece));
    generation->log("info", "dropped");
  }
  generation->succeed(nullptr);
  std::string received;
  const auto events = all_events(*generation);
  for (const auto& event : events) {
    if (const auto* delta = std::get_if<event::Delta>(&event.payload)) received += delta->text;
  }
  EXPECT_EQ(received, sent);
  EXPECT_LT(events.size(), 10 + sent.size() / 1024 + 3);
}

TEST_F(GenerationTest, LogLinesStopAtTheirLimitWithAWord) {
  const auto generation = make({.max_log_events = 2});
  for (int i = 0; i < 5; ++i) generation->log("info", "line");
  EXPECT_EQ(types(*generation), "queued log log log ");
  EXPECT_NE(std::get<event::Log>(all_events(*generation).back().payload).message.find("limit 2"),
            std::string::npos);
}

TEST_F(GenerationTest, EachLimitFailsTheGenerationAndNamesItself) {
  const auto failure = [this](const OutputLimits& limits, auto produce) {
    const auto generation = make(limits);
    produce(*generation);
    const auto record = generation->record();
    EXPECT_EQ(record.state, GenerationState::kFailed);
    EXPECT_EQ(record.error->code, error_code::kOutputTooLarge);
    return std::string(record.error->details.at("what").as_string());
  };
  const Artifact artifact{"a.bin", "x/y", std::make_shared<const std::string>("12345")};
  EXPECT_EQ(failure({.max_text_bytes = 3}, [](Generation& g) { g.delta("1234"); }), "text bytes");
  EXPECT_EQ(failure({.max_artifact_bytes = 4}, [&](Generation& g) { g.artifact(artifact); }),
            "artifact bytes");
  EXPECT_EQ(failure({.max_artifacts = 0}, [&](Generation& g) { g.artifact(artifact); }), "artifacts");
  EXPECT_EQ(failure({.max_result_bytes = 4}, [](Generation& g) { g.succeed("12345"); }), "result bytes");
}

TEST_F(GenerationTest, AnArtifactWithABadOrTakenNameFailsTheGeneration) {
  for (const char* name : {"", ".hidden", "a/b", "a b", "../x"}) {
    const auto generation = make();
    EXPECT_FALSE(generation->artifact({name, "x/y", nullptr})) << name;
    EXPECT_EQ(generation->record().error->code, error_code::kInvalidOutput);
  }
  const auto generation = make();
  EXPECT_TRUE(generation->artifact({"same", "x/y", nullptr}));
  EXPECT_FALSE(generation->artifact({"same", "x/y", nullptr}));
}

TEST_F(GenerationTest, AResultThatIsNoJsonFailsTheGeneration) {
  const auto generation = make();
  generation->succeed(JsonObject{{"loss", std::numeric_limits<double>::quiet_NaN()}});
  const auto record = generation->record();
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kInvalidOutput);
  EXPECT_EQ(record.error->details.at("field"), "/result/loss");
}

TEST_F(GenerationTest, ProgressThatIsNoNumberIsRefused) {
  const auto generation = make();
  EXPECT_FALSE(generation->progress(std::numeric_limits<double>::quiet_NaN(), ""));
  EXPECT_EQ(generation->state(), GenerationState::kQueued);
}

TEST_F(GenerationTest, OnReadyIsCalledAtOnceWhenThereIsSomethingAndOnceOtherwise) {
  const auto generation = make();
  const auto watch = generation->watch({});
  int calls = 0;
  const auto count = [&calls] { ++calls; };
  watch->on_ready(count);
  EXPECT_EQ(calls, 1) << "`queued` is there already";
  (void)watch->read();
  watch->on_ready(count);
  generation->start();
  generation->delta("x");
  EXPECT_EQ(calls, 2);
}

TEST_F(GenerationTest, AWatchForTheEndSleepsThroughEverythingElse) {
  const auto generation = make();
  const auto watch = generation->watch({});
  int calls = 0;
  watch->on_end([&] { ++calls; });
  generation->start();
  generation->delta("x");
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(watch->record_at_end(), nullptr);
  EXPECT_EQ(watch->record().text, "x");
  generation->succeed(7);
  EXPECT_EQ(calls, 1);
  watch->on_end([&] { ++calls; });
  EXPECT_EQ(calls, 2) << "it has ended already";
  EXPECT_FALSE(watch->ended()) << "nothing has been read";
  EXPECT_EQ(watch->read().back().sequence, 4U);
  EXPECT_TRUE(watch->ended());
}

TEST_F(GenerationTest, AWatchHasOneFunctionTheLastOneGiven) {
  const auto generation = make();
  const auto watch = generation->watch({.after_sequence = 1});
  bool first = false;
  bool second = false;
  watch->on_end([&] { first = true; });
  watch->on_ready([&] { second = true; });
  generation->start();
  EXPECT_TRUE(second);
  generation->succeed(nullptr);
  EXPECT_FALSE(first);
}

TEST_F(GenerationTest, TheRecordOfTheEndIsSharedAndStaysWholeForWhoeverHoldsIt) {
  const auto generation = make();
  const auto watch = generation->watch({});
  const auto other = generation->watch({});
  generation->start();
  generation->delta("all of it");
  generation->succeed(JsonObject{{"n", 1}});
  const auto record = watch->record_at_end();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record, other->record_at_end());
  EXPECT_EQ(record->state, GenerationState::kSucceeded);
  EXPECT_EQ(record->text, "all of it");
  EXPECT_EQ(record->result.at("n"), 1);
  EXPECT_EQ(record->last_sequence, 4U);
  EXPECT_EQ(record->finished_at, generation->record().finished_at);
  generation->discard();
  EXPECT_EQ(record->text, "all of it");
  EXPECT_EQ(other->record_at_end(), nullptr);
  EXPECT_TRUE(other->lost());
  EXPECT_EQ(other->record().state, GenerationState::kSucceeded);
  EXPECT_EQ(other->record().text, "");
}

TEST_F(GenerationTest, ADestroyedWatchIsNotCalled) {
  const auto generation = make();
  bool woken = false;
  {
    const auto watch = generation->watch({.after_sequence = 1});
    watch->on_ready([&] { woken = true; });
  }
  generation->start();
  EXPECT_FALSE(woken);
}

TEST_F(GenerationTest, WritersAndReadersOnManyThreadsAgree) {
  const auto generation = make();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) generation->delta("x");
    });
  }
  std::size_t read = 0;
  std::thread reader([&] {
    const auto watch = generation->watch({});
    while (!watch->ended()) {
      for (const auto& event : watch->read(512)) {
        if (const auto* delta = std::get_if<event::Delta>(&event.payload)) read += delta->text.size();
      }
    }
  });
  for (auto& thread : threads) thread.join();
  generation->succeed(nullptr);
  reader.join();
  EXPECT_EQ(read, 6'000U);
}

}  // namespace
}  // namespace shunt::generation
