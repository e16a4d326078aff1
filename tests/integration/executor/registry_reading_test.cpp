// What one API process knows of the sync generations of another one.
#include <gmock/gmock.h>

#include <memory>
#include <variant>

#include "integration/executor/registry_fixture.hpp"

namespace shunt::testing {
namespace {

using ::testing::ElementsAre;

class RegistryReading : public RegistryTest {
 protected:
  RegistryReading() : owner_(start_ready(redis_.url())), other_(start_ready(redis_.url())) {}

  bool is_entered(const GenerationId& id) {
    return redis_({"EXISTS", "{shunt}::gen:r:" + id.to_string()}).integer == 1;
  }
  // What its owner has not entered yet is looked for again, for a moment. An owner that takes longer on a
  // busy machine is no failure of the one who looks; one that always does is.
  bool may_be_late(bool was_entered) { return !was_entered && ++late_ <= 5; }

  int late_ = 0;
  RedisProcess redis_;
  ApiProcess& owner_;
  ApiProcess& other_;
};

TEST_F(RegistryReading, AnEndedGenerationIsFoundWithItsTextAndResult) {
  const GenerationId id = owner_.sync.start(request("echo"));
  owner_.sync.wait_for_end(id);
  ASSERT_TRUE(is_known(other_, id));
  const GenerationRecord record = other_.queue.record(id);
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, "hello");
  EXPECT_EQ(record.result, Json(JsonObject{{"length", 5}}));
  EXPECT_EQ(record.admission.executor, "sync");
  EXPECT_EQ(types(other_.queue.events(id)), types(owner_.sync.events(id)));
}

// Its client knows it by then, and may ask any process.
TEST_F(RegistryReading, OneThatHasJustEndedIsFoundAtOnce) {
  for (int i = 0; i < 50; ++i) {
    const GenerationId id = owner_.sync.start(request("echo"));
    owner_.sync.wait_for_end(id);
    const bool was_entered = is_entered(id);
    const auto found = other_.queue.find(id);
    if (code_of(found) == "unknown" && may_be_late(was_entered)) continue;
    ASSERT_EQ(code_of(found), "succeeded") << i;
    ASSERT_EQ(std::get<GenerationRecord>(*found).text, "hello");
  }
}

TEST_F(RegistryReading, OneThatHasJustBegunIsWatchedAndCancelledAtOnce) {
  for (int i = 0; i < 20; ++i) {
    const GenerationId watched = owner_.sync.start(request("gated"));
    bool was_entered = is_entered(watched);
    std::unique_ptr<EventWatch> watch;
    try {
      watch = other_.queue.watch(watched);
    } catch (const std::bad_variant_access&) {
      ASSERT_TRUE(may_be_late(was_entered)) << i;
      ASSERT_TRUE(owner_.sync.cancel(watched, "not entered").ok());
      continue;
    }
    const GenerationId cancelled = owner_.sync.start(request("gated"));
    was_entered = is_entered(cancelled);
    const auto outcome = other_.queue.cancel(cancelled, "enough");
    ASSERT_TRUE(outcome.ok());
    if (std::holds_alternative<GenerationUnknown>(*outcome)) {
      ASSERT_TRUE(may_be_late(was_entered)) << i;
      ASSERT_TRUE(owner_.sync.cancel(cancelled, "not entered").ok());
    }
    EXPECT_EQ(owner_.sync.wait_for_end(cancelled).state, GenerationState::kCancelled);
    ASSERT_TRUE(other_.queue.cancel(watched, "enough").ok());
    other_.queue.wait_over(*watch);
    EXPECT_EQ(watch->record().state, GenerationState::kCancelled);
  }
}

// An id of now that nobody has: the looks end.
TEST_F(RegistryReading, WhatIsNotThereIsUnknownSoonEnough) {
  GenerationIdSource ids(system_clock());
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of(other_.queue.find(ids.next())), "unknown");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST_F(RegistryReading, ALongLogComesFromItsOwner) {
  const GenerationId id = owner_.sync.start(request("long"));
  const GenerationRecord own = owner_.sync.wait_for_end(id);
  ASSERT_TRUE(is_known(other_, id));
  EXPECT_TRUE(eventually(
      [&] { return redis_({"HGET", "{shunt}::gen:r:" + id.to_string(), "state"}).text == "succeeded"; }));
  const GenerationRecord record = other_.queue.record(id);
  EXPECT_EQ(record.text, own.text);
  EXPECT_EQ(record.result, own.result);
  EXPECT_EQ(record.last_sequence, own.last_sequence);
  EXPECT_EQ(types(other_.queue.events(id)), types(owner_.sync.events(id)));
}

TEST_F(RegistryReading, ArtifactsAndLargeResultsComeThroughTheArtifactStore) {
  const GenerationId id = owner_.sync.start(request("file"));
  owner_.sync.wait_for_end(id);
  ASSERT_TRUE(is_known(other_, id));
  const GenerationRecord record = other_.queue.record(id);
  ASSERT_EQ(record.artifacts.size(), 1U);
  const auto bytes = other_.queue.load(record.artifacts.front());
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ((*bytes)->size(), 70'000U);
  EXPECT_EQ(record.result.as_string().size(), 400'000U);
}

TEST_F(RegistryReading, ARunningGenerationIsWatchedFromItsBeginningToItsEnd) {
  const GenerationId id = owner_.sync.start(request("gated"));
  ASSERT_TRUE(is_known(other_, id));
  EXPECT_TRUE(eventually([&] { return other_.queue.record(id).text == "before "; }));
  EXPECT_EQ(other_.queue.record(id).state, GenerationState::kRunning);
  const auto watch = other_.queue.watch(id);
  hold_.release();
  other_.queue.wait_over(*watch);
  const auto record = watch->record_at_end();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->text, "before after");
  EXPECT_EQ(types(other_.queue.events(id)), types(owner_.sync.events(id)));
}

TEST_F(RegistryReading, AGenerationInLineIsFound) {
  for (int i = 0; i < 4; ++i) owner_.sync.start(request("gated"));
  const GenerationId waiting = owner_.sync.start(request("gated"));
  ASSERT_TRUE(is_known(other_, waiting));
  EXPECT_EQ(other_.queue.record(waiting).state, GenerationState::kQueued);
  hold_.release();
  EXPECT_EQ(other_.queue.wait_for_end(waiting).state, GenerationState::kSucceeded);
}

TEST_F(RegistryReading, ACancelReachesTheOwner) {
  const GenerationId id = owner_.sync.start(request("gated"));
  ASSERT_TRUE(is_known(other_, id));
  ASSERT_TRUE(other_.queue.cancel(id, "enough").ok());
  const GenerationRecord own = owner_.sync.wait_for_end(id);
  EXPECT_EQ(own.state, GenerationState::kCancelled);
  EXPECT_EQ(own.cancel_reason, "enough");
  EXPECT_TRUE(eventually([&] { return other_.queue.record(id).state == GenerationState::kCancelled; }));
  EXPECT_EQ(other_.queue.record(id).text, own.text);
}

TEST_F(RegistryReading, ACancelOfOneInLineEndsItAtOnce) {
  for (int i = 0; i < 4; ++i) owner_.sync.start(request("gated"));
  const GenerationId waiting = owner_.sync.start(request("gated"));
  ASSERT_TRUE(is_known(other_, waiting));
  const auto outcome = other_.queue.cancel(waiting, "enough");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(std::get<GenerationRecord>(*outcome).state, GenerationState::kCancelled);
}

TEST_F(RegistryReading, ListsHoldWhatOthersRun) {
  const GenerationId running = owner_.sync.start(request("gated"));
  const GenerationId ended = owner_.sync.start(request("long"));
  owner_.sync.wait_for_end(ended);
  const auto listed = [&](const ListQuery& query) {
    std::vector<GenerationId> ids;
    const auto page = other_.queue.list(query);
    for (const GenerationRecord& record : page->records) ids.push_back(record.id);
    return ids;
  };
  EXPECT_TRUE(eventually([&] { return listed({.state = GenerationState::kSucceeded}).size() == 1; }));
  EXPECT_THAT(listed({}), ElementsAre(ended, running));
  EXPECT_THAT(listed({.state = GenerationState::kRunning}), ElementsAre(running));
  const auto page = other_.queue.list({});
  for (const GenerationRecord& record : page->records)
    EXPECT_EQ(record.state, record.id == running ? GenerationState::kRunning : GenerationState::kSucceeded);
}

TEST_F(RegistryReading, TheRequestComesFromTheOwner) {
  const GenerationId id = owner_.sync.start(request("echo", {{"prompt", "again"}}));
  owner_.sync.wait_for_end(id);
  ASSERT_TRUE(is_known(other_, id));
  const auto asked = other_.queue.request_of(id);
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  ASSERT_TRUE(std::holds_alternative<GenerationRequest>(*asked)) << asked->index();
  EXPECT_EQ(std::get<GenerationRequest>(*asked).input, Json(JsonObject{{"prompt", "again"}}));
}

TEST_F(RegistryReading, WhatOneRemovesIsGoneForAll) {
  const GenerationId first = owner_.sync.start(request("echo"));
  const GenerationId second = owner_.sync.start(request("long"));
  owner_.sync.wait_for_end(first);
  owner_.sync.wait_for_end(second);
  ASSERT_TRUE(is_known(other_, first));
  ASSERT_TRUE(is_known(other_, second));
  EXPECT_TRUE(std::holds_alternative<executor::Removed>(*other_.queue.remove(first)));
  const auto removed = owner_.sync.remove(second);
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  EXPECT_TRUE(std::holds_alternative<executor::Removed>(*removed)) << removed->index();
  EXPECT_EQ(code_of(other_.queue.find(first)), "gone");
  EXPECT_EQ(code_of(other_.queue.find(second)), "gone");
  EXPECT_TRUE(eventually([&] { return code_of(owner_.sync.find(first)) == "gone"; }));
  EXPECT_EQ(code_of(owner_.sync.find(second)), "gone");
}

TEST_F(RegistryReading, OnlyWhatHasEndedIsRemovedByAnother) {
  const GenerationId id = owner_.sync.start(request("gated"));
  ASSERT_TRUE(is_known(other_, id));
  EXPECT_TRUE(std::holds_alternative<executor::NotEnded>(*other_.queue.remove(id)));
}

// 202 goes out once any process can answer: without waiting a moment.
TEST_F(RegistryReading, AnAsyncOneIsKnownWithItsRequestAsSoonAsItIsAccepted) {
  for (int i = 0; i < 20; ++i) {
    const GenerationId id = owner_.sync.start(in_background("echo"));
    EXPECT_NE(code_of(other_.queue.find(id)), "unknown");
    EXPECT_NE(redis_({"HGET", "{shunt}::gen:r:" + id.to_string(), "request"}).text, "");
    EXPECT_EQ(other_.queue.wait_for_end(id).text, "hello");
  }
}

TEST_F(RegistryReading, ManyAreEnteredAndToldInFewCalls) {
  redis_({"CONFIG", "RESETSTAT"});
  std::vector<GenerationId> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(owner_.sync.start(request("echo")));
  for (const GenerationId& id : ids) owner_.sync.wait_for_end(id);
  const std::string last = "{shunt}::gen:r:" + ids.back().to_string();
  ASSERT_TRUE(eventually([&] { return redis_({"HGET", last, "state"}).text == "succeeded"; }));
  for (const GenerationId& id : ids) ASSERT_EQ(other_.queue.record(id).state, GenerationState::kSucceeded);
  EXPECT_EQ(redis_({"ZCARD", "{shunt}::gen:index"}).integer, 300);
}

}  // namespace
}  // namespace shunt::testing
