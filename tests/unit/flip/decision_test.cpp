#include "shunt/flip/decision.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace shunt::flip {
namespace {

using S = FlipState;
using K = ExecutorKind;

const WallTime kAsked{std::chrono::milliseconds(1'763'912'587'042)};

// With the documented vectors: tenant-1 is in bucket 637 of r2, and in 8681 of r1.
FlipRecord fleet_in(S state, std::string_view salt = "r2") {
  FlipRecord record = first_record(Strategy::kSync, std::string(salt), kAsked);
  record.epoch = 7;
  record.state = state;
  if (state == S::kCanary) record.step = 2;  // 10 %
  if (state == S::kHeld || is_forced(state)) record.before = Resting{S::kCanary, 2};
  record.plan.allow = {"friend", "both"};
  record.plan.deny = {"foe", "both"};
  return record;
}

DecisionInput from(std::string_view tenant) {
  DecisionInput input;
  input.asker.tenant = tenant;
  input.asker.draw = "gen_1";
  return input;
}

struct Asked {
  std::string_view name;
  S state;
  std::string_view tenant;
  ModelRule rule;
  std::optional<K> override_to;
  K executor;
  Reason reason;
};

// In each state: what somebody gets of whom nothing is said, and what each thing that is said changes.
std::vector<Asked> cases() {
  constexpr auto kNoRule = ModelRule::kNone;
  std::vector<Asked> all;
  const auto add = [&](std::string_view name, S state, std::string_view tenant, ModelRule rule,
                       std::optional<K> override_to, K executor, Reason reason) {
    all.push_back({name, state, tenant, rule, override_to, executor, reason});
  };
  for (const S state : {S::kOff, S::kAborting, S::kDraining}) {
    add("nothing said", state, "tenant-1", kNoRule, {}, K::kSync, Reason::kState);
    add("the way is down", state, "tenant-1", kNoRule, K::kQueue, K::kSync, Reason::kState);
    add("the way is down", state, "tenant-1", ModelRule::kQueue, {}, K::kSync, Reason::kState);
    add("the way is down", state, "friend", kNoRule, {}, K::kSync, Reason::kState);
    add("override to sync", state, "tenant-1", kNoRule, K::kSync, K::kSync, Reason::kOverride);
  }
  for (const S state : {S::kDark, S::kShadow}) {
    add("nothing said", state, "tenant-1", kNoRule, {}, K::kSync, Reason::kState);
    add("a person's probe", state, "tenant-1", kNoRule, K::kQueue, K::kQueue, Reason::kOverride);
    add("rules begin with the canary", state, "tenant-1", ModelRule::kQueue, {}, K::kSync, Reason::kState);
    add("lists begin with the canary", state, "friend", kNoRule, {}, K::kSync, Reason::kState);
    add("rule to sync", state, "tenant-1", ModelRule::kSync, {}, K::kSync, Reason::kModelRule);
  }
  for (const S state : {S::kCanary, S::kHeld}) {
    add("its bucket", state, "tenant-1", kNoRule, {}, K::kQueue, Reason::kSplit);
    add("its bucket", state, "tenant-2", kNoRule, {}, K::kSync, Reason::kSplit);
    add("override before rule", state, "tenant-1", ModelRule::kQueue, K::kSync, K::kSync, Reason::kOverride);
    add("override before list", state, "foe", kNoRule, K::kQueue, K::kQueue, Reason::kOverride);
    add("rule before list", state, "foe", ModelRule::kQueue, {}, K::kQueue, Reason::kModelRule);
    add("rule before list", state, "friend", ModelRule::kSync, {}, K::kSync, Reason::kModelRule);
    add("list before bucket", state, "friend", kNoRule, {}, K::kQueue, Reason::kAllowed);
    add("list before bucket", state, "foe", kNoRule, {}, K::kSync, Reason::kDenied);
    add("deny before allow", state, "both", kNoRule, {}, K::kSync, Reason::kDenied);
  }
  add("nothing said", S::kFull, "tenant-2", kNoRule, {}, K::kQueue, Reason::kState);
  add("everybody is allowed", S::kFull, "friend", kNoRule, {}, K::kQueue, Reason::kState);
  add("denied in full", S::kFull, "foe", kNoRule, {}, K::kSync, Reason::kDenied);
  add("rule in full", S::kFull, "tenant-2", ModelRule::kSync, {}, K::kSync, Reason::kModelRule);
  add("override in full", S::kFull, "tenant-2", kNoRule, K::kSync, K::kSync, Reason::kOverride);
  for (const std::string_view tenant : {"tenant-1", "friend", "foe"}) {
    for (const ModelRule rule : {ModelRule::kNone, ModelRule::kSync, ModelRule::kQueue}) {
      for (const std::optional<K> asked :
           {std::optional<K>(), std::optional(K::kSync), std::optional(K::kQueue)}) {
        add("forced", S::kForcedSync, tenant, rule, asked, K::kSync, Reason::kForced);
        add("forced", S::kForcedQueue, tenant, rule, asked, K::kQueue, Reason::kForced);
      }
    }
  }
  return all;
}

TEST(Decide, FollowsThePrecedence) {
  for (const Asked& c : cases()) {
    DecisionInput input = from(c.tenant);
    input.rule = c.rule;
    input.override_to = c.override_to;
    const Decision decision = decide(Snapshot(fleet_in(c.state)), input);
    const std::string name =
        std::string(c.name) + " in " + std::string(state_name(c.state)) + " for " + std::string(c.tenant);
    EXPECT_EQ(executor_name(decision.executor), executor_name(c.executor)) << name;
    EXPECT_EQ(reason_name(decision.reason), reason_name(c.reason)) << name;
    EXPECT_EQ(decision.epoch, 7U);
    const bool by_bucket = c.reason == Reason::kSplit;
    EXPECT_EQ(decision.bucket.has_value(), by_bucket) << name;
    EXPECT_EQ(decision.salt, by_bucket ? "r2" : "") << name;
    if (!by_bucket) {
      EXPECT_EQ(decision.side, Side::kNone) << name << ": only the bucket's callers are compared";
    }
  }
}

TEST(Decide, KeepsBucketSaltAndSideOfASplit) {
  const Decision canary = decide(Snapshot(fleet_in(S::kCanary)), from("tenant-1"));
  EXPECT_EQ(canary.bucket, 637U);
  EXPECT_EQ(canary.side, Side::kCanary);
  const Decision control = decide(Snapshot(fleet_in(S::kCanary, "r1")), from("tenant-2"));
  EXPECT_EQ(control.bucket, 9489U);
  EXPECT_EQ(control.side, Side::kControl);
  EXPECT_EQ(control.executor, K::kSync);
  const Decision neither = decide(Snapshot(fleet_in(S::kCanary, "r1")), from("tenant-1"));
  EXPECT_EQ(neither.bucket, 8681U);
  EXPECT_EQ(neither.side, Side::kNone);
}

TEST(Decide, IsStickyByTenantThenCallerThenKeyAndSaysWhenItIsNot) {
  const Snapshot snapshot(fleet_in(S::kCanary));
  DecisionInput input;
  input.asker.draw = "tenant-1";
  Decision decision = decide(snapshot, input);
  EXPECT_EQ(decision.bucket, 637U);
  EXPECT_EQ(decision.reason, Reason::kSplitNotSticky);
  input.asker = {"", "", "tenant-1", "gen_1"};
  EXPECT_EQ(decide(snapshot, input).bucket, 637U);
  EXPECT_EQ(decide(snapshot, input).reason, Reason::kSplit);
  input.asker = {"", "tenant-1", "key", "gen_1"};
  EXPECT_EQ(decide(snapshot, input).bucket, 637U);
  input.asker = {"tenant-1", "ann", "key", "gen_1"};
  EXPECT_EQ(decide(snapshot, input).bucket, 637U);
}

TEST(Decide, FindsACallerOnAListByTenantOrName) {
  const Snapshot snapshot(fleet_in(S::kCanary));
  DecisionInput input;
  input.asker = {"tenant-2", "friend", "", "gen_1"};
  EXPECT_EQ(decide(snapshot, input).reason, Reason::kAllowed);
  input.asker = {"foe", "friend", "", "gen_1"};
  EXPECT_EQ(decide(snapshot, input).reason, Reason::kDenied);
}

TEST(Decide, RaisingTheWeightMovesNobodyBack) {
  std::set<std::string> in_queue;
  for (std::size_t step = 0; step < default_plan().steps.size(); ++step) {
    FlipRecord record = fleet_in(S::kCanary);
    record.step = step;
    const Snapshot snapshot(record);
    std::set<std::string> now_in_queue;
    for (int i = 0; i < 5'000; ++i) {
      const std::string tenant = "t" + std::to_string(i);
      if (decide(snapshot, from(tenant)).executor == K::kQueue) now_in_queue.insert(tenant);
    }
    for (const std::string& tenant : in_queue) EXPECT_TRUE(now_in_queue.contains(tenant)) << tenant;
    const double share = double(now_in_queue.size()) / 5'000;
    EXPECT_NEAR(share, record.plan.steps[step].weight.fraction(), 0.02);
    in_queue = now_in_queue;
  }
}

TEST(Decide, CapsTheCanaryInFlight) {
  FlipRecord record = fleet_in(S::kCanary);
  record.plan.max_in_flight = 3;
  DecisionInput input = from("tenant-1");
  input.canary_in_flight = 2;
  EXPECT_EQ(decide(Snapshot(record), input).executor, K::kQueue);
  input.canary_in_flight = 3;
  const Decision decision = decide(Snapshot(record), input);
  EXPECT_EQ(decision.executor, K::kSync);
  EXPECT_EQ(decision.reason, Reason::kCanaryFull);
  EXPECT_EQ(decision.side, Side::kNone);
  record.state = S::kFull;
  record.step = 0;
  EXPECT_EQ(decide(Snapshot(record), input).executor, K::kQueue) << "the cap is the canary's";
}

struct BlindCase {
  S state;
  bool goes_blind;
};

TEST(Snapshot, ThatIsNotWatchedSendsNothingToTheQueueInShadowAndCanaryOnly) {
  for (const auto& [state, goes_blind] :
       {BlindCase{S::kCanary, true}, BlindCase{S::kHeld, true}, BlindCase{S::kShadow, true},
        BlindCase{S::kFull, false}, BlindCase{S::kForcedQueue, false}, BlindCase{S::kDark, false}}) {
    const FlipRecord record = fleet_in(state);
    for (const LocalView& just_before : {LocalView{std::chrono::milliseconds(59'999), {}},
                                         LocalView{{}, std::chrono::milliseconds(119'999)}}) {
      EXPECT_FALSE(Snapshot(record, just_before).is_blind());
    }
    for (const LocalView& view :
         {LocalView{std::chrono::seconds(60), {}}, LocalView{{}, std::chrono::minutes(2)}}) {
      EXPECT_EQ(Snapshot(record, view).is_blind(), goes_blind) << state_name(state);
    }
  }
  const LocalView blind{std::chrono::hours(9), {}};
  const Decision canary = decide(Snapshot(fleet_in(S::kCanary), blind), from("tenant-1"));
  EXPECT_EQ(canary.executor, K::kSync);
  EXPECT_EQ(canary.reason, Reason::kStoreUnreadable);
  EXPECT_EQ(decide(Snapshot(fleet_in(S::kCanary), blind), from("friend")).executor, K::kSync);
  EXPECT_EQ(decide(Snapshot(fleet_in(S::kFull), blind), from("tenant-1")).executor, K::kQueue);
}

TEST(Reasons, HaveOpenFeaturesWords) {
  EXPECT_EQ(feature_flag_reason(Reason::kForced), "static");
  EXPECT_EQ(feature_flag_reason(Reason::kSplit), "split");
  EXPECT_EQ(feature_flag_reason(Reason::kState), "default");
  EXPECT_EQ(feature_flag_reason(Reason::kStoreUnreadable), "stale");
  EXPECT_EQ(feature_flag_reason(Reason::kFallbackBreaker), "fallback_breaker");
  EXPECT_EQ(feature_flag_reason(Reason::kFallbackBroker), "fallback_broker");
  EXPECT_EQ(reason_name(Reason::kFallbackBroker), "fallback_broker");
}

}  // namespace
}  // namespace shunt::flip
