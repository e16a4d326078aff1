#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/generation_store.hpp"
#include "support/manual_clock.hpp"

namespace shunt::generation {
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
  std::unique_ptr<MemoryBudget> budget_;  // of those tests that bound it; outlives the store
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

// Claims of generations that end at once, as a caller makes them who sends many keyed requests.
class ClaimsTest : public MemoryStoreTest {
 protected:
  // What became of the key; a generation that won it is added and ended unless `open`.
  ClaimOutcome ask(const std::string& caller, const std::string& key, bool open = false) {
    Envelope envelope;
    envelope.id = ids_.next();
    envelope.request.model = "m";
    envelope.request.caller = caller;
    const ClaimOutcome outcome = store_->claim({caller, key}, "print", envelope.id);
    const auto* won = std::get_if<ClaimWon>(&outcome);
    if (won == nullptr) return outcome;
    auto generation = std::make_shared<Generation>(envelope, clock_, OutputLimits{});
    EXPECT_TRUE(store_->add(generation, {.claim = won->slot}).ok());
    if (open) return outcome;
    generation->succeed(nullptr);
    store_->finished(envelope.id);
    return outcome;
  }
  bool wins(const std::string& caller, const std::string& key, bool open = false) {
    return std::holds_alternative<ClaimWon>(ask(caller, key, open));
  }
  bool is_held(const std::string& caller, const std::string& key) {
    return std::holds_alternative<ClaimHeld>(store_->claim({caller, key}, "print", ids_.next()));
  }
  static MemoryStoreLimits limits(std::size_t max_claims) {
    return {.max_claims = max_claims,
            .min_claim_age = std::chrono::minutes(10),
            .max_claim_age = std::chrono::hours(1)};
  }
};

TEST_F(ClaimsTest, ALiveClaimIsNeverEvictedAndTheNewKeyIsRefused) {
  open(limits(3));
  for (const char* key : {"a", "b", "c"}) EXPECT_TRUE(wins("", key));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(std::holds_alternative<ClaimsFull>(ask("", "new" + std::to_string(i))));
  }
  for (const char* key : {"a", "b", "c"}) EXPECT_TRUE(is_held("", key));
  clock_.advance(std::chrono::minutes(10) + std::chrono::seconds(1));
  EXPECT_TRUE(wins("", "d"));  // in the place of the oldest
  EXPECT_TRUE(is_held("", "b"));
  EXPECT_TRUE(is_held("", "c"));
}

TEST_F(ClaimsTest, AClaimIsLiveForAsLongAsItsGenerationIsOpen) {
  open(limits(2));
  EXPECT_TRUE(wins("", "open", true));
  EXPECT_TRUE(wins("", "ended"));
  clock_.advance(std::chrono::hours(24));
  EXPECT_TRUE(wins("", "x"));
  clock_.advance(std::chrono::hours(24));
  EXPECT_TRUE(wins("", "y"));
  EXPECT_TRUE(is_held("", "open"));
}

TEST_F(ClaimsTest, AClaimAgesFromTheEndOfItsGenerationAndGoesAtItsMaximum) {
  open(limits(10));
  EXPECT_TRUE(wins("", "a"));
  clock_.advance(std::chrono::minutes(59));
  EXPECT_TRUE(is_held("", "a"));
  clock_.advance(std::chrono::minutes(2));
  EXPECT_TRUE(wins("", "a"));
}

TEST_F(ClaimsTest, NobodysClaimsPushOutThoseOfAnother) {
  open(limits(1000));
  EXPECT_TRUE(wins("b", "precious"));
  clock_.advance(std::chrono::minutes(30));  // not live any more, and not for another's use
  std::size_t won = 0;
  for (int i = 0; i < 5000; ++i) won += wins("a", std::to_string(i)) ? 1 : 0;
  EXPECT_TRUE(is_held("b", "precious"));
  EXPECT_GE(won, 800U);
  EXPECT_LT(won, 1000U);
  // What is kept for those who have few is there for b.
  for (int i = 0; i < 90; ++i) EXPECT_TRUE(wins("b", std::to_string(i))) << i;
  EXPECT_TRUE(is_held("a", "0"));
}

TEST_F(ClaimsTest, WhatWasRefusedLeavesNothing) {
  open(limits(3));
  for (int i = 0; i < 1000; ++i) {
    const GenerationId id = ids_.next();
    ASSERT_TRUE(std::holds_alternative<ClaimWon>(store_->claim({"", std::to_string(i)}, "print", id)));
    store_->release_claim({"", std::to_string(i)}, id);
  }
  for (const char* key : {"a", "b", "c"}) EXPECT_TRUE(wins("", key));
}

TEST_F(ClaimsTest, AReleasedClaimDoesNotTakeItsSuccessorAlong) {
  open(limits(3));
  const GenerationId one = ids_.next();
  (void)store_->claim({"", "a"}, "print", one);
  store_->release_claim({"", "a"}, one);
  EXPECT_TRUE(wins("", "a"));
  store_->release_claim({"", "a"}, one);
  EXPECT_TRUE(is_held("", "a"));
}

// Every place of the table is used, given back and used again; a model beside it says what must be there.
TEST_F(ClaimsTest, HoldsWhatAModelHoldsThroughManyChanges) {
  open(limits(200));
  std::map<std::string, GenerationId> model;
  std::uint64_t random = 1;
  for (int step = 0; step < 20'000; ++step) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    const std::string key = std::to_string((random >> 33U) % 300);
    const GenerationId id = ids_.next();
    const auto known = model.find(key);
    if (known != model.end() && (random >> 20U) % 3 == 0) {
      store_->release_claim({"", key}, known->second);
      model.erase(known);
      continue;
    }
    const ClaimOutcome outcome = store_->claim({"", key}, "print", id);
    if (known != model.end()) {
      ASSERT_TRUE(std::holds_alternative<ClaimHeld>(outcome));
      ASSERT_EQ(std::get<ClaimHeld>(outcome).id, known->second);
    } else if (model.size() < 200) {
      ASSERT_TRUE(std::holds_alternative<ClaimWon>(outcome)) << step;
      model.emplace(key, id);
    } else {
      ASSERT_TRUE(std::holds_alternative<ClaimsFull>(outcome));
    }
  }
}

// Ten minutes of 1,000 keyed requests a second, which the default limit of 512 MiB has to carry.
TEST_F(ClaimsTest, TheDefaultsCarryAThousandKeyedRequestsASecond) {
  budget_ = std::make_unique<MemoryBudget>(std::size_t{512} << 20U);
  MemoryBudget& memory = *budget_;
  open({.memory = &memory});
  EXPECT_TRUE(wins("b", "precious"));
  for (int i = 0; i < 600'000; ++i) {
    const ClaimOutcome outcome = store_->claim({"a", std::to_string(i)}, "print", ids_.next());
    ASSERT_TRUE(std::holds_alternative<ClaimWon>(outcome)) << i;
  }
  EXPECT_TRUE(is_held("b", "precious"));
  EXPECT_LE(memory.used(MemoryShare::kClaims), memory.capacity(MemoryShare::kClaims));
}

class CallersTest : public MemoryStoreTest {
 protected:
  Result<void> add(const std::string& caller, std::size_t max_open = 0) {
    Envelope envelope;
    envelope.id = ids_.next();
    envelope.request.model = "m";
    envelope.request.caller = caller;
    last_made_ = std::make_shared<Generation>(envelope, clock_, OutputLimits{});
    return store_->add(last_made_, {.max_open = max_open});
  }
  GenerationId add_ended(const std::string& caller, std::size_t bytes = 0) {
    EXPECT_TRUE(add(caller).ok());
    last_made_->delta(std::string(bytes, 'x'));
    last_made_->succeed(nullptr);
    store_->finished(last_made_->id());
    return last_made_->id();
  }
  std::shared_ptr<Generation> last_made_;
};

TEST_F(CallersTest, OnesEndedGenerationsDoNotEvictAnothers) {
  open({.max_generations = 100});
  std::vector<GenerationId> precious;
  for (int i = 0; i < 40; ++i) precious.push_back(add_ended("b"));
  for (int i = 0; i < 1000; ++i) add_ended("a");
  for (const GenerationId& id : precious) EXPECT_TRUE(is_here(id));
  for (int i = 0; i < 1000; ++i) add_ended("c");
  EXPECT_TRUE(is_here(precious.back()));
}

TEST_F(CallersTest, OnesBytesDoNotEvictAnothers) {
  open({.max_bytes = 1'000'000});
  const GenerationId precious = add_ended("b", 300'000);
  for (int i = 0; i < 20; ++i) add_ended("a", 200'000);
  EXPECT_TRUE(is_here(precious));
  add_ended("a", 3'000'000);  // the one that ended last is kept, however large, and its caller pays
  EXPECT_TRUE(is_here(precious));
}

TEST_F(CallersTest, MayHaveSoManyOpenAndNoMore) {
  open({});
  EXPECT_TRUE(add("a", 2).ok());
  const auto first = last_made_;
  EXPECT_TRUE(add("a", 2).ok());
  const auto refused = add("a", 2);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, error_code::kTooManyConcurrent);
  EXPECT_EQ(refused.error().details.at("limit"), 2);
  EXPECT_TRUE(is_unknown(last_made_->id()));
  EXPECT_TRUE(add("b", 2).ok());
  first->succeed(nullptr);
  store_->finished(first->id());
  EXPECT_TRUE(add("a", 2).ok());
  store_->withdraw(last_made_->id());
  EXPECT_TRUE(add("a", 2).ok());
}

TEST_F(CallersTest, NobodyOpensTheWholeStoreWhereThereAreOthers) {
  open({.max_generations = 10});
  EXPECT_TRUE(add("b").ok());
  std::size_t taken = 0;
  while (add("a").ok()) ++taken;
  EXPECT_EQ(taken, 5U);
  EXPECT_TRUE(add("b").ok());
}

TEST_F(MemoryStoreTest, AnEvictedGenerationGivesItsMemoryBackWhoeverReadsIt) {
  budget_ = std::make_unique<MemoryBudget>(std::size_t{64} << 20U);
  MemoryBudget& memory = *budget_;
  open({.max_generations = 1, .memory = &memory});
  Envelope envelope;
  envelope.id = ids_.next();
  envelope.request.model = "m";
  auto generation = std::make_shared<Generation>(envelope, clock_, OutputLimits{}, memory);
  ASSERT_TRUE(store_->add(generation).ok());
  EXPECT_TRUE(generation->delta(std::string(1'000'000, 'x')));
  EXPECT_GT(memory.used(MemoryShare::kOpen), 1'000'000U);
  auto watch = generation->watch({});
  EXPECT_FALSE(watch->read(1).empty());
  generation->succeed(nullptr);
  store_->finished(envelope.id);
  EXPECT_EQ(memory.used(MemoryShare::kOpen), 0U);
  EXPECT_GT(memory.used(MemoryShare::kStore), 1'000'000U);
  add_finished();
  EXPECT_LT(memory.used(MemoryShare::kStore), 20'000U);
  EXPECT_TRUE(watch->read().empty());
  EXPECT_TRUE(watch->ended());
  EXPECT_TRUE(watch->lost());
  EXPECT_EQ(generation->record().state, GenerationState::kSucceeded);
}

TEST(GenerationMemory, WhatOutgrowsTheShareFails) {
  const testing::ManualClock clock;
  GenerationIdSource ids(clock);
  const auto budget = std::make_unique<MemoryBudget>(std::size_t{16} << 20U);
  MemoryBudget& memory = *budget;
  Envelope envelope;
  envelope.id = ids.next();
  envelope.request.model = "m";
  const auto generation = std::make_shared<Generation>(envelope, clock, OutputLimits{}, memory);
  while (generation->delta(std::string(100'000, 'x'))) {
  }
  EXPECT_EQ(generation->error_code(), error_code::kOverloaded);
  EXPECT_LE(memory.used(MemoryShare::kOpen), memory.capacity(MemoryShare::kOpen));
}

}  // namespace
}  // namespace shunt::generation
