// The record in Redis and those who follow it.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <thread>
#include <vector>

#include "integration/flip/flip_fleet.hpp"

namespace shunt::flip {
namespace {

class FlipStore : public FlipFleet {};

TEST_F(FlipStore, TheFirstProcessWritesWhatConfigurationSaysAndTheNextOneFollows) {
  const auto a = member("a", Strategy::kQueue);
  EXPECT_EQ(a->state(), FlipState::kFull);
  ASSERT_TRUE(eventually([&] { return redis_({"HGET", key("record"), "epoch"}).text == "1"; }));
  const auto b = member("b", Strategy::kSync);
  EXPECT_EQ(b->state(), FlipState::kFull) << "the store's record holds, whatever the setting says";
  EXPECT_TRUE(eventually([&] { return a->status().converged && a->status().processes.size() == 2; }));
}

TEST_F(FlipStore, AChangeReachesEveryProcessAndIsAcknowledged) {
  const auto a = member("a", Strategy::kQueue);
  const auto b = member("b");
  const auto c = member("c");
  const auto change = a->apply(FlipEvent::kForceSync, {.why = "a drill"});
  ASSERT_TRUE(change.ok()) << change.error().message;
  EXPECT_TRUE(change->stored);
  EXPECT_THAT(change->not_reached, ::testing::IsEmpty());
  EXPECT_EQ(change->undo, "shunt flip release");
  EXPECT_EQ(b->state(), FlipState::kForcedSync);
  EXPECT_EQ(c->state(), FlipState::kForcedSync);
  const FlipStatus status = c->status();
  EXPECT_TRUE(status.converged);
  EXPECT_EQ(status.record.why, "a drill");
  EXPECT_EQ(status.record.by.name, "ops");
  EXPECT_EQ(status.place, "forced to sync");
  ASSERT_EQ(status.processes.size(), 3U);
  EXPECT_EQ(status.processes[0].version, "1.2.3");
}

TEST_F(FlipStore, TheWayUpNeedsThePreflightOrAnOverrideOnRecord) {
  FlipControlOptions made = options("a");
  made.preflight = [](std::function<void(std::vector<std::string>)> done) {
    done({"redis.memory", "workers"});
  };
  Member a(std::move(made));
  const auto refused = a.apply(FlipEvent::kAdvance, {.overrides = {"workers"}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "flip_preflight_failed");
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("redis.memory"));
  const auto change = a.apply(FlipEvent::kAdvance, {.overrides = {"workers", "redis.memory"}});
  ASSERT_TRUE(change.ok()) << change.error().message;
  const auto log = a.log();
  ASSERT_TRUE(log.ok());
  EXPECT_THAT(log->entries.back().overrides, ::testing::ElementsAre("redis.memory", "workers"));
}

TEST_F(FlipStore, OfTwoChangesOfOneEpochOneIsRefused) {
  const auto a = member("a");
  const auto b = member("b");
  for (int round = 0; round < 5; ++round) {
    const std::uint64_t before = a->status().record.epoch;
    auto one = a->begin(FlipEvent::kForceQueue);
    auto two = b->begin(FlipEvent::kForceQueue);
    const auto first = one.get();
    const auto second = two.get();
    EXPECT_TRUE(first.ok() || second.ok());
    const std::uint64_t after = a->status().record.epoch;
    EXPECT_EQ(after, before + 1) << "both came through";
    ASSERT_TRUE(a->apply(FlipEvent::kRelease).ok());
  }
  const auto report = b->verify();
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->intact()) << report->problem.value_or("");
}

TEST_F(FlipStore, AChainThatGrowsWhileItIsLookedAtIsIntact) {
  FlipControlOptions quick = options("a", Strategy::kQueue);
  quick.acknowledge_wait = 0ms;
  const auto a = std::make_unique<Member>(std::move(quick));
  const auto b = member("b", Strategy::kQueue);
  const std::jthread others([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      EXPECT_TRUE(a->apply(FlipEvent::kForceSync).ok());
      EXPECT_TRUE(a->apply(FlipEvent::kForceQueue).ok());
    }
  });
  for (std::uint64_t last = 0; last < 100;) {
    const auto report = b->verify();
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_TRUE(report->intact()) << report->problem.value_or("");
    last = report->last;
  }
}

TEST_F(FlipStore, HostileRecordsMoveNobody) {
  const auto a = member("a", Strategy::kQueue);
  ASSERT_TRUE(a->apply(FlipEvent::kForceSync).ok());
  const std::uint64_t epoch = a->epoch();
  const std::string text = redis_({"HGET", key("record"), "text"}).text;
  const std::vector<std::vector<std::string>> lies{
      {"HSET", key("record"), "epoch", "99", "text", "{"},
      {"HSET", key("record"), "epoch", "99", "text", "{\"v\":2}"},
      {"HSET", key("record"), "epoch", "99", "text", text},  // under another epoch
      {"HSET", key("record"), "epoch", "99", "text", std::string(1'000'000, 'x')},
      {"HSET", key("record"), "epoch", std::string(1'000, '9')},
      {"HSET", key("record"), "hash", "another", "text", ""},
      {"SET", key("record"), "a text"},
      {"LPUSH", key("log"), "a list"},
  };
  for (const auto& lie : lies) {
    redis_({"DEL", key("record"), key("log")});
    redis_({"HSET", key("record"), "epoch", std::to_string(epoch), "text", text, "seq", "2", "hash", "h"});
    ASSERT_TRUE(eventually([&] { return a->status().store_readable; }));
    if (lie[0] == "SET") redis_({"DEL", key("record")});
    redis_(lie);
    if (lie[1] == key("record")) {
      ASSERT_TRUE(eventually([&] { return !a->status().store_readable; })) << lie[0] << ' ' << lie[1];
    }
    EXPECT_EQ(a->state(), FlipState::kForcedSync);
    EXPECT_EQ(a->epoch(), epoch);
  }
}

TEST_F(FlipStore, AStoreThatWasWipedGetsBackWhatTheFleetActsOn) {
  const auto a = member("a", Strategy::kQueue);
  ASSERT_TRUE(a->apply(FlipEvent::kForceSync).ok());
  const auto before = a->verify();
  redis_({"FLUSHALL"});
  ASSERT_TRUE(eventually([&] { return redis_({"HGET", key("record"), "epoch"}).text == "2"; }));
  const auto b = member("b", Strategy::kQueue);
  EXPECT_EQ(b->state(), FlipState::kForcedSync);
  const auto log = b->log();
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(log->entries.front().event, "restored");
  EXPECT_EQ(log->entries.front().seq, before->last + 1) << "the chain goes on";
  EXPECT_EQ(log->entries.front().previous, before->hash);
}

TEST_F(FlipStore, AnAbortThatAFailoverHasLostIsNotForgotten) {
  const auto a = member("a", Strategy::kQueue);
  ASSERT_TRUE(eventually([&] { return redis_({"HGET", key("record"), "epoch"}).text == "1"; }));
  const std::string text = redis_({"HGET", key("record"), "text"}).text;
  const std::string hash = redis_({"HGET", key("record"), "hash"}).text;
  ASSERT_TRUE(a->apply(FlipEvent::kAbort).ok());
  // The replica that has taken over had not heard of it.
  redis_({"HSET", key("record"), "epoch", "1", "text", text, "seq", "1", "hash", hash});
  // Nothing is under way, so its controller comes to the abort's end by itself, before the loss or after it:
  // the epoch grows in any case, and only the log tells that the record was written again.
  ASSERT_TRUE(eventually([&] {
    const auto log = a->log();
    return log.ok() && std::ranges::any_of(log->entries, [](const AuditEntry& entry) {
             return entry.event == "merged" && entry.from == "full";
           });
  }));
  EXPECT_TRUE(eventually([&] { return a->state() == FlipState::kOff; }));
}

TEST_F(FlipStore, AProcessThatGoesIsNotWaitedFor) {
  const auto a = member("a", Strategy::kQueue);
  {
    FlipControlOptions leaving = options("b");
    // It does not run out meanwhile.
    leaving.lease = 180s;
    const Member b(std::move(leaving));
    ASSERT_TRUE(eventually([&] { return a->status().processes.size() == 2; }));
  }
  // A server that is slow hears of it a moment later.
  EXPECT_TRUE(eventually([&] { return a->status().processes.size() == 1; })) << "it has said farewell";
}

TEST_F(FlipStore, APushArrivesLongBeforeThePoll) {
  FlipControlOptions slow = options("b");
  slow.poll = 60s;
  slow.lease = 180s;
  const auto a = member("a", Strategy::kQueue);
  Member b(std::move(slow));
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(a->apply(FlipEvent::kForceSync).ok());
  EXPECT_TRUE(eventually([&] { return b.state() == FlipState::kForcedSync; }, 10s));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
}

TEST_F(FlipStore, TheAuditIsTheSameInTheStreamAndInAFileThatTwoProcessesShare) {
  FlipControlOptions one = options("a", Strategy::kQueue);
  FlipControlOptions two = options("b");
  one.audit_file = two.audit_file = file("audit.jsonl");
  {
    Member a(std::move(one));
    Member b(std::move(two));
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(a.apply(FlipEvent::kForceSync).ok());
      ASSERT_TRUE(b.apply(FlipEvent::kRelease).ok());
    }
    const auto stream = a.verify();
    ASSERT_TRUE(stream.ok());
    EXPECT_TRUE(stream->intact()) << stream->problem.value_or("");
    EXPECT_EQ(stream->last, 7U);
    ASSERT_TRUE(eventually([&] {
      const auto kept = verify_audit_file(file("audit.jsonl"));
      return kept.ok() && kept->last == 7;
    }));
    const auto kept = verify_audit_file(file("audit.jsonl"));
    EXPECT_TRUE(kept->intact()) << kept->problem.value_or("");
    EXPECT_EQ(kept->hash, stream->hash);
    EXPECT_EQ(kept->entries, 7U);
  }
  const auto about = std::filesystem::status(file("audit.jsonl"));
  EXPECT_EQ(about.permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(FlipStore, AnEntryThatWasTakenOutOfTheStreamIsMissed) {
  const auto a = member("a", Strategy::kQueue);
  for (const auto event : {FlipEvent::kForceSync, FlipEvent::kRelease, FlipEvent::kForceSync}) {
    ASSERT_TRUE(a->apply(event).ok());
  }
  const auto entries = redis_({"XRANGE", key("log"), "-", "+"});
  ASSERT_EQ(entries.elements.size(), 4U);
  redis_({"XDEL", key("log"), entries.elements[1].elements[0].text});
  EXPECT_FALSE(a->verify()->intact());
  redis_({"XDEL", key("log"), entries.elements[2].elements[0].text});
  redis_({"XDEL", key("log"), entries.elements[3].elements[0].text});
  const auto cut = a->verify();
  EXPECT_FALSE(cut->intact()) << "the end of the chain was cut off";
}

TEST_F(FlipStore, TheLogIsReadInPages) {
  const auto a = member("a", Strategy::kQueue);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(a->apply(i % 2 == 0 ? FlipEvent::kForceSync : FlipEvent::kRelease).ok());
  }
  const auto first = a->log(1, 2);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->entries.size(), 2U);
  EXPECT_EQ(first->entries[0].event, "first record");
  ASSERT_EQ(first->next, 3U);
  const auto last = a->log(0, 2);
  ASSERT_EQ(last->entries.size(), 2U);
  EXPECT_EQ(last->entries[1].seq, 5U);
}

}  // namespace
}  // namespace shunt::flip
