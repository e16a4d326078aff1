#include "service/repeated_posts.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "shunt/base/clock.hpp"

namespace shunt::api {
namespace {

using namespace std::chrono_literals;
using Rule = RepeatedPosts::Rule;
using Patience = RepeatedPosts::Patience;

constexpr SteadyTime kStart{1h};

GenerationId some_id() {
  static GenerationIdSource source(system_clock());
  return source.next();
}

struct Table {
  RepeatedPosts posts{{.max_posts = 4, .window = 10s}};
  int changes = 0;

  RepeatedPosts::Outcome begin(std::string_view key, Rule rule = Rule::kBroken,
                               Patience patience = Patience::kBreak, SteadyTime now = kStart) {
    return posts.begin(key, rule, patience, now, [this] { ++changes; });
  }
  // A POST that has begun a generation.
  RepeatedPosts::Ticket begun(std::string_view key, GenerationId id) {
    const auto outcome = begin(key, Rule::kBroken, Patience::kNone);
    const auto ticket = std::get<RepeatedPosts::Fresh>(outcome).ticket;
    posts.accepted(ticket, id);
    return ticket;
  }
};

bool is_fresh(const RepeatedPosts::Outcome& outcome) {
  return std::holds_alternative<RepeatedPosts::Fresh>(outcome);
}
bool is_undecided(const RepeatedPosts::Outcome& outcome) {
  return std::holds_alternative<RepeatedPosts::Undecided>(outcome);
}
std::optional<GenerationId> joined(const RepeatedPosts::Outcome& outcome) {
  const auto* const found = std::get_if<RepeatedPosts::Joined>(&outcome);
  return found == nullptr ? std::nullopt : std::optional(found->id);
}

TEST(RepeatedPosts, OneWhoseConnectionBrokeIsJoined) {
  Table table;
  const GenerationId id = some_id();
  table.posts.broke(table.begun("a", id), kStart);
  EXPECT_EQ(joined(table.begin("a")), id);
}

TEST(RepeatedPosts, SixInARowAreOneGeneration) {
  Table table;
  const GenerationId id = some_id();
  RepeatedPosts::Ticket ticket = table.begun("a", id);
  for (int i = 0; i < 5; ++i) {
    table.posts.broke(ticket, kStart);
    const auto outcome = table.begin("a");
    ASSERT_EQ(joined(outcome), id);
    ticket = std::get<RepeatedPosts::Joined>(outcome).ticket;
  }
  EXPECT_EQ(table.posts.size(), 1U);
}

TEST(RepeatedPosts, TwoThatAreOpenOrAnsweredAreTwoGenerations) {
  Table table;
  const auto ticket = table.begun("a", some_id());
  EXPECT_TRUE(is_fresh(table.begin("a", Rule::kBroken, Patience::kNone)));
  table.posts.answered(ticket, kStart);
  EXPECT_TRUE(is_fresh(table.begin("a", Rule::kBroken, Patience::kNone)));
}

TEST(RepeatedPosts, WhatWasJoinedAndAnsweredIsJoinedNoMore) {
  Table table;
  table.posts.broke(table.begun("a", some_id()), kStart);
  const auto outcome = table.begin("a");
  table.posts.answered(std::get<RepeatedPosts::Joined>(outcome).ticket, kStart);
  EXPECT_TRUE(is_fresh(table.begin("a")));
}

TEST(RepeatedPosts, OnlyAnEqualOneIsJoined) {
  Table table;
  table.posts.broke(table.begun("a", some_id()), kStart);
  EXPECT_TRUE(is_fresh(table.begin("b")));
}

TEST(RepeatedPosts, AnOpenOneIsWaitedForUntilItsFateIsKnown) {
  Table table;
  const GenerationId id = some_id();
  const auto ticket = table.begun("a", id);
  EXPECT_TRUE(is_undecided(table.begin("a")));
  EXPECT_EQ(table.changes, 0);
  table.posts.broke(ticket, kStart);
  EXPECT_EQ(table.changes, 1);
  EXPECT_EQ(joined(table.begin("a")), id);
}

TEST(RepeatedPosts, WhatCameToNothingIsNotJoined) {
  Table table;
  const auto outcome = table.begin("a");
  EXPECT_TRUE(is_undecided(table.begin("a")));
  table.posts.broke(std::get<RepeatedPosts::Fresh>(outcome).ticket, kStart);
  EXPECT_EQ(table.changes, 1);
  EXPECT_TRUE(is_fresh(table.begin("a")));
}

TEST(RepeatedPosts, AWindowLaterItIsForgotten) {
  Table table;
  const GenerationId id = some_id();
  table.posts.broke(table.begun("a", id), kStart);
  EXPECT_EQ(joined(table.begin("a", Rule::kBroken, Patience::kBreak, kStart + 9s)), id);
  Table other;
  other.posts.broke(other.begun("a", id), kStart);
  EXPECT_TRUE(is_fresh(other.begin("a", Rule::kBroken, Patience::kBreak, kStart + 10s)));
  EXPECT_EQ(other.posts.size(), 1U);
}

TEST(RepeatedPosts, AnOpenOneIsNeverTooOld) {
  Table table;
  const auto ticket = table.begun("a", some_id());
  EXPECT_TRUE(is_undecided(table.begin("a", Rule::kBroken, Patience::kBreak, kStart + 2h)));
  table.posts.broke(ticket, kStart + 2h);
  EXPECT_TRUE(joined(table.begin("a", Rule::kBroken, Patience::kBreak, kStart + 2h)));
}

TEST(RepeatedPosts, WhoSaysThatItTriesAgainJoinsAnyThatIsThere) {
  Table table;
  const GenerationId id = some_id();
  const auto ticket = table.begun("a", id);
  EXPECT_TRUE(is_undecided(table.begin("a", Rule::kRetry))) << "it may be breaking";
  EXPECT_EQ(joined(table.begin("a", Rule::kRetry, Patience::kSubmit)), id);
  table.posts.answered(ticket, kStart);
  table.posts.answered(ticket, kStart);
  EXPECT_EQ(joined(table.begin("a", Rule::kRetry)), id);
}

TEST(RepeatedPosts, WhoTriesAgainJoinsTheOneThatBroke) {
  Table table;
  const GenerationId broken = some_id();
  (void)table.begun("a", some_id());
  const auto ticket = table.begun("a", broken);
  table.posts.answered(table.begun("a", some_id()), kStart);
  table.posts.broke(ticket, kStart);
  EXPECT_EQ(joined(table.begin("a", Rule::kRetry)), broken);
}

TEST(RepeatedPosts, WhoSaysThatItIsTheFirstJoinsNone) {
  Table table;
  table.posts.broke(table.begun("a", some_id()), kStart);
  const auto open = table.begun("b", some_id());
  EXPECT_TRUE(is_fresh(table.begin("a", Rule::kFirst)));
  EXPECT_TRUE(is_fresh(table.begin("b", Rule::kFirst)));
  table.posts.answered(open, kStart);
  EXPECT_TRUE(is_fresh(table.begin("b", Rule::kFirst)));
}

TEST(RepeatedPosts, OneIsAbandonedWhenTheLastThatWaitedHasGoneForLongEnough) {
  Table table;
  const auto ticket = table.begun("a", some_id());
  const auto abandoned = [&](SteadyTime now) { return table.posts.is_abandoned(ticket, 5s, now); };
  EXPECT_FALSE(abandoned(kStart + 1h)) << "it is open";
  table.posts.broke(ticket, kStart);
  EXPECT_FALSE(abandoned(kStart + 4s));
  EXPECT_TRUE(abandoned(kStart + 5s));
  EXPECT_TRUE(joined(table.begin("a", Rule::kRetry, Patience::kNone, kStart + 4s)));
  EXPECT_FALSE(abandoned(kStart + 6s)) << "another one waits";
  table.posts.broke(ticket, kStart + 8s);
  EXPECT_FALSE(abandoned(kStart + 9s)) << "who joined has just gone";
  EXPECT_TRUE(abandoned(kStart + 13s));
  EXPECT_TRUE(table.posts.is_abandoned(99, 5s, kStart)) << "nobody knows it any more";
}

// What lies with other processes, as they have left it.
struct LeftInMemory : executor::LeftPosts {
  void offer(std::string key, GenerationId id, std::chrono::milliseconds) override { left[key].insert(id); }
  void take(std::string key, std::function<void(std::optional<GenerationId>)> done) override {
    auto& ids = left[key];
    if (ids.empty()) return done(std::nullopt);
    const GenerationId id = *ids.begin();
    ids.erase(ids.begin());
    done(id);
  }
  void withdraw(std::string key, GenerationId id, std::function<void(bool)> done) override {
    done(left[key].erase(id) == 1);
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t size = 0;
    for (const auto& [key, ids] : left) size += ids.size();
    return size;
  }
  std::map<std::string, std::set<GenerationId>> left;
};

TEST(RepeatedPosts, OneThatIsLeftHereIsOfferedToOthersUntilSomebodyJoinsIt) {
  Table table;
  LeftInMemory left;
  table.posts.share_in(&left);
  const GenerationId id = some_id();
  const auto ticket = table.begun("a", id);
  EXPECT_EQ(left.size(), 0U) << "its client waits";
  table.posts.broke(ticket, kStart);
  EXPECT_EQ(left.size(), 1U);
  EXPECT_EQ(joined(table.begin("a", Rule::kRetry)), id);
  EXPECT_EQ(left.size(), 0U) << "it is joined here";
  table.posts.answered(ticket, kStart);
  EXPECT_EQ(left.size(), 0U) << "what was answered is nobody's to join elsewhere";
}

// Joins the post that is being offered, on another thread, as soon as it can.
struct JoinedWhileOffered final : LeftInMemory {
  explicit JoinedWhileOffered(Table& of) : table(of) {}
  ~JoinedWhileOffered() override {
    if (joining.valid()) joining.wait();
  }
  void offer(std::string key, GenerationId id, std::chrono::milliseconds window) override {
    joining = std::async(std::launch::async, [this] { return joined(table.begin("a")); });
    (void)joining.wait_for(50ms);
    LeftInMemory::offer(std::move(key), id, window);
  }
  Table& table;
  std::future<std::optional<GenerationId>> joining;
};

TEST(RepeatedPosts, OneThatIsJoinedWhileItIsOfferedDoesNotStayWithOthers) {
  Table table;
  JoinedWhileOffered left(table);
  table.posts.share_in(&left);
  const GenerationId id = some_id();
  table.posts.broke(table.begun("a", id), kStart);
  EXPECT_EQ(left.joining.get(), id);
  EXPECT_EQ(left.size(), 0U) << "its answer is on its way here";
}

TEST(RepeatedPosts, WhatAnotherProcessHasTakenIsNotGivenUpHere) {
  LeftInMemory left;
  Table here;
  Table there;
  here.posts.share_in(&left);
  there.posts.share_in(&left);
  const GenerationId id = some_id();
  const auto kept = here.begun("a", id);
  const auto taken = here.begun("b", some_id());
  here.posts.broke(kept, kStart);
  here.posts.broke(taken, kStart);
  std::optional<GenerationId> found;
  there.posts.take_from_others("b", [&](auto answer) { found = answer; });
  EXPECT_TRUE(found);
  there.posts.take_from_others("c", [&](auto answer) { found = answer; });
  EXPECT_FALSE(found);
  std::optional<bool> is_ours;
  here.posts.keep_from_others(kept, [&](bool answer) { is_ours = answer; });
  EXPECT_EQ(is_ours, true);
  here.posts.keep_from_others(taken, [&](bool answer) { is_ours = answer; });
  EXPECT_EQ(is_ours, false);
  there.posts.take_from_others("a", [&](auto answer) { found = answer; });
  EXPECT_FALSE(found) << "it has been taken back";
}

TEST(RepeatedPosts, AloneNothingIsWithOthers) {
  Table table;
  const auto ticket = table.begun("a", some_id());
  table.posts.broke(ticket, kStart);
  std::optional<GenerationId> found = some_id();
  table.posts.take_from_others("a", [&](auto answer) { found = answer; });
  EXPECT_FALSE(found);
  std::optional<bool> is_ours;
  table.posts.keep_from_others(ticket, [&](bool answer) { is_ours = answer; });
  EXPECT_EQ(is_ours, true);
}

TEST(RepeatedPosts, WhoTriesAgainWaitsForTheIdOfOneThatIsBeingSubmitted) {
  Table table;
  const auto outcome = table.begin("a");
  EXPECT_TRUE(is_undecided(table.begin("a", Rule::kRetry, Patience::kSubmit)));
  const GenerationId id = some_id();
  table.posts.accepted(std::get<RepeatedPosts::Fresh>(outcome).ticket, id);
  EXPECT_EQ(table.changes, 1);
  EXPECT_EQ(joined(table.begin("a", Rule::kRetry, Patience::kSubmit)), id);
}

TEST(RepeatedPosts, ThoseThatWereLeftFirstMakeRoom) {
  Table table;
  const GenerationId last = some_id();
  table.posts.broke(table.begun("a", some_id()), kStart);
  for (const char* key : {"b", "c"}) table.posts.broke(table.begun(key, some_id()), kStart);
  table.posts.broke(table.begun("d", last), kStart);
  EXPECT_TRUE(is_fresh(table.begin("e")));
  EXPECT_EQ(table.posts.size(), 4U);
  EXPECT_EQ(joined(table.begin("d")), last);
  EXPECT_TRUE(is_fresh(table.begin("a")));
}

TEST(RepeatedPosts, TheTableIsBoundedAlsoWhereAllAreOpen) {
  Table table;
  for (int i = 0; i < 100; ++i) (void)table.begin(std::to_string(i));
  EXPECT_EQ(table.posts.size(), 4U);
  // What was dropped hears of its end without harm.
  table.posts.accepted(1, some_id());
  table.posts.broke(1, kStart);
  EXPECT_EQ(table.posts.size(), 4U);
}

TEST(RepeatedPost, SaysThatItBrokeWhereNobodySaysMore) {
  RepeatedPosts posts;
  const GenerationId id = some_id();
  const auto now = std::chrono::steady_clock::now();
  {
    const auto outcome = posts.begin("a", Rule::kBroken, Patience::kNone, now, nullptr);
    RepeatedPost post(posts, std::get<RepeatedPosts::Fresh>(outcome).ticket);
    post.accepted(id);
  }
  EXPECT_EQ(joined(posts.begin("a", Rule::kBroken, Patience::kNone, now, nullptr)), id);
}

}  // namespace
}  // namespace shunt::api
