#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/generation_store.hpp"
#include "support/manual_clock.hpp"

namespace shunt {
namespace {

class MemoryStoreTest : public ::testing::Test {
 protected:
  void open(const MemoryStoreLimits& limits) { store_ = make_memory_store(clock_, limits); }

  GenerationId add(std::string text = "") {
    Envelope envelope;
    envelope.id = ids_.next();
    envelope.request.model = "m";
    auto generation = std::make_shared<Generation>(envelope, clock_, OutputLimits{});
    const GenerationId id = generation->id();
    generation->delta(text);
    added_ = store_->add(generation);
    last_ = generation.get();
    return id;
  }
  GenerationId add_finished(std::string text = "") {
    const GenerationId id = add(std::move(text));
    last_->succeed(nullptr);
    store_->finished(id);
    return id;
  }
  bool is_here(const GenerationId& id) {
    return std::holds_alternative<std::shared_ptr<Generation>>(store_->find(id));
  }
  bool is_gone(const GenerationId& id) { return std::holds_alternative<GenerationGone>(store_->find(id)); }
  bool is_unknown(const GenerationId& id) {
    return std::holds_alternative<GenerationUnknown>(store_->find(id));
  }

  testing::ManualClock clock_;
  GenerationIdSource ids_{clock_};
  std::unique_ptr<GenerationStore> store_;
  Result<void> added_;
  Generation* last_ = nullptr;
};

TEST_F(MemoryStoreTest, EvictsTheGenerationThatEndedFirstWhenFull) {
  open({.max_generations = 3});
  const GenerationId running = add();
  const GenerationId first = add_finished();
  const GenerationId second = add_finished();
  const GenerationId third = add_finished();
  EXPECT_TRUE(is_here(running));
  EXPECT_TRUE(is_gone(first));
  EXPECT_TRUE(is_here(second));
  EXPECT_TRUE(is_here(third));
}

TEST_F(MemoryStoreTest, RefusesWhenEverythingInItIsUnfinished) {
  open({.max_generations = 2});
  add();
  add();
  const GenerationId refused = add();
  ASSERT_FALSE(added_.ok());
  EXPECT_EQ(added_.error().code, error_code::kStoreFull);
  EXPECT_EQ(added_.error().details.at("limit"), 2);
  EXPECT_TRUE(is_unknown(refused));
}

TEST_F(MemoryStoreTest, EvictsByBytesButKeepsTheOneThatJustEnded) {
  open({.max_bytes = 100'000});
  const GenerationId small = add_finished(std::string(1'000, 'x'));
  const GenerationId large = add_finished(std::string(200'000, 'x'));
  EXPECT_TRUE(is_gone(small));
  EXPECT_TRUE(is_here(large));
  const GenerationId next = add_finished("x");
  EXPECT_TRUE(is_gone(large));
  EXPECT_TRUE(is_here(next));
}

TEST_F(MemoryStoreTest, ForgetsByAgeSinceTheEndWithoutAnyWrite) {
  open({.max_age = std::chrono::minutes(1)});
  const GenerationId running = add();
  const GenerationId ended = add_finished();
  clock_.advance(std::chrono::seconds(59));
  EXPECT_TRUE(is_here(ended));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(is_gone(ended));
  EXPECT_TRUE(is_here(running));
  EXPECT_EQ(store_->list({}).generations.size(), 1U);
}

TEST_F(MemoryStoreTest, WhatIsRemovedIsGoneAndCountsNoMore) {
  open({.max_generations = 2});
  const GenerationId running = add();
  EXPECT_FALSE(store_->remove(running));
  EXPECT_TRUE(is_here(running));
  const GenerationId ended = add_finished();
  EXPECT_TRUE(store_->remove(ended));
  EXPECT_TRUE(is_gone(ended));
  EXPECT_TRUE(store_->remove(ended));
  const GenerationId next = add_finished();
  EXPECT_TRUE(added_.ok());
  EXPECT_TRUE(is_here(next));
}

TEST_F(MemoryStoreTest, AnEndThatIsToldAfterTheRemovalChangesNothing) {
  open({});
  const GenerationId id = add();
  last_->succeed(nullptr);
  EXPECT_TRUE(store_->remove(id));
  store_->finished(id);
  EXPECT_TRUE(is_gone(id));
}

TEST_F(MemoryStoreTest, GoneBecomesUnknownWhenItsTombstoneIsForgotten) {
  open({.max_generations = 1, .max_tombstones = 2});
  std::vector<GenerationId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(add_finished());
  EXPECT_TRUE(is_unknown(ids[0]));
  EXPECT_TRUE(is_gone(ids[1]));
  EXPECT_TRUE(is_gone(ids[2]));
  EXPECT_TRUE(is_here(ids[3]));
}

TEST_F(MemoryStoreTest, AWithdrawnGenerationNeverWas) {
  open({});
  const GenerationId id = add();
  store_->withdraw(id);
  EXPECT_TRUE(is_unknown(id));
}

TEST_F(MemoryStoreTest, ListsTheNewestFirstInPages) {
  open({});
  std::vector<GenerationId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(add());
  const ListPage first = store_->list({.limit = 2});
  ASSERT_EQ(first.generations.size(), 2U);
  EXPECT_EQ(first.generations[0]->id(), ids[4]);
  ASSERT_TRUE(first.next.has_value());
  const ListPage last = store_->list({.before = first.next, .limit = 3});
  ASSERT_EQ(last.generations.size(), 3U);
  EXPECT_EQ(last.generations[2]->id(), ids[0]);
  EXPECT_FALSE(last.next.has_value());
}

TEST_F(MemoryStoreTest, AClaimIsWonOnceAndHeldForThePayload) {
  open({});
  const GenerationId one = ids_.next();
  const GenerationId two = ids_.next();
  EXPECT_TRUE(std::holds_alternative<ClaimWon>(store_->claim({"c", "k"}, "print", one)));
  EXPECT_EQ(std::get<ClaimHeld>(store_->claim({"c", "k"}, "print", two)).id, one);
  EXPECT_EQ(std::get<ClaimConflict>(store_->claim({"c", "k"}, "other", two)).id, one);
  EXPECT_TRUE(std::holds_alternative<ClaimWon>(store_->claim({"", "ck"}, "print", two)));
}

TEST_F(MemoryStoreTest, OnlyItsHolderReleasesAClaim) {
  open({});
  const GenerationId one = ids_.next();
  const GenerationId two = ids_.next();
  (void)store_->claim({"c", "k"}, "print", one);
  store_->release_claim({"c", "k"}, two);
  EXPECT_TRUE(std::holds_alternative<ClaimHeld>(store_->claim({"c", "k"}, "print", two)));
  store_->release_claim({"c", "k"}, one);
  EXPECT_TRUE(std::holds_alternative<ClaimWon>(store_->claim({"c", "k"}, "print", two)));
}

TEST_F(MemoryStoreTest, ClaimsAreForgottenByAgeAndCountAndAReleasedOneDoesNotTakeItsSuccessorAlong) {
  open({.max_claims = 3, .max_claim_age = std::chrono::hours(1)});
  const GenerationId one = ids_.next();
  const GenerationId two = ids_.next();
  (void)store_->claim({"", "a"}, "p", one);
  store_->release_claim({"", "a"}, one);
  clock_.advance(std::chrono::minutes(30));
  (void)store_->claim({"", "a"}, "p", two);
  clock_.advance(std::chrono::minutes(31));  // the first claim's age has run out, the second's has not
  EXPECT_EQ(std::get<ClaimHeld>(store_->claim({"", "a"}, "p", ids_.next())).id, two);
  clock_.advance(std::chrono::minutes(30));
  EXPECT_TRUE(std::holds_alternative<ClaimWon>(store_->claim({"", "a"}, "p", ids_.next())));

  for (const char* key : {"b", "c", "d"}) (void)store_->claim({"", key}, "p", ids_.next());
  EXPECT_TRUE(std::holds_alternative<ClaimWon>(store_->claim({"", "a"}, "p", ids_.next())));
}

}  // namespace
}  // namespace shunt
