#include "shunt/flip/preflight.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace shunt::flip {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kMiB = 1024 * 1024;

// All is well.
PreflightFacts good_facts() {
  PreflightFacts facts;
  facts.redis.reached_in = milliseconds(2);
  facts.redis.version = "7.2.4";
  facts.redis.role = "master";
  facts.redis.eviction_policy = "noeviction";
  facts.redis.used_memory = 100 * kMiB;
  facts.redis.max_memory = 1024 * kMiB;
  facts.redis.append_only = true;
  facts.redis.last_save_ok = true;
  facts.redis.clients = 20;
  facts.redis.max_clients = 10'000;
  facts.redis.replicas = 1;
  facts.redis.replica_lag = std::chrono::seconds(1);
  facts.redis.clock_skew = milliseconds(3);
  facts.redis.script_p99 = std::chrono::microseconds(700);
  FleetFacts fleet;
  fleet.version = "1.0";
  fleet.worker_versions = {"1.0"};
  fleet.models = {{.name = "echo",
                   .workers = 2,
                   .slots = 16,
                   .sync_slots = 24,
                   .arrivals_per_second = 10,
                   .mean_run = milliseconds(1'000)}};
  facts.fleet = fleet;
  facts.probe = ProbeFacts{.failure = {}, .took = milliseconds(40)};
  return facts;
}

const Check* row(const std::vector<Check>& checks, std::string_view name) {
  const auto found = std::ranges::find(checks, name, &Check::name);
  return found == checks.end() ? nullptr : &*found;
}

TEST(Preflight, PassesWhereAllIsWell) {
  for (const Check& check : preflight(good_facts())) {
    EXPECT_EQ(check.outcome, CheckOutcome::kPass) << check.name << ": " << check.found;
    EXPECT_THAT(check.advice, IsEmpty()) << check.name;
    EXPECT_FALSE(check.found.empty()) << check.name;
  }
}

FleetFacts::Model& once(PreflightFacts& facts) {
  facts.fleet->models[0].on_lost = OnLost::kFail;
  return facts.fleet->models[0];
}

struct Row {
  std::string_view name;
  CheckOutcome outcome;
  std::function<void(PreflightFacts&)> change;
};

TEST(Preflight, EachRowSaysWhatIsWrongAndWhatToDo) {
  constexpr auto kWarn = CheckOutcome::kWarn;
  constexpr auto kFail = CheckOutcome::kFail;
  constexpr auto kPass = CheckOutcome::kPass;
  const Row table[] = {
      {"redis.reach", kFail, [](auto& f) { f.redis.failure = "connection refused"; }},
      {"redis.reach", kFail, [](auto& f) { f.redis.role = "slave"; }},
      {"redis.reach", kWarn, [](auto& f) { f.redis.reached_in = milliseconds(501); }},
      {"redis.version", kFail, [](auto& f) { f.redis.version = "4.0.14"; }},
      {"redis.version", kWarn, [](auto& f) { f.redis.version = "6.0.16"; }},
      {"redis.version", kWarn, [](auto& f) { f.redis.version = ""; }},
      {"redis.version", kWarn, [](auto& f) { f.redis.version = "unstable"; }},
      {"redis.version", kPass, [](auto& f) { f.redis.version = "6.2.0"; }},
      {"redis.eviction", kFail, [](auto& f) { f.redis.eviction_policy = "allkeys-lru"; }},
      {"redis.eviction", kWarn, [](auto& f) { f.redis.eviction_policy.reset(); }},
      {"redis.memory", kFail, [](auto& f) { f.redis.used_memory = 768 * kMiB; }},
      {"redis.memory", kWarn, [](auto& f) { f.redis.used_memory = 700 * kMiB; }},
      {"redis.memory", kWarn, [](auto& f) { f.redis.max_memory = 0; }},
      {"redis.memory", kWarn, [](auto& f) { f.redis.max_memory.reset(); }},
      {"redis.persistence", kFail, [](auto& f) { f.redis.last_save_ok = false; }},
      {"redis.persistence", kWarn, [](auto& f) { f.redis.append_only = false; }},
      {"redis.persistence", kWarn, [](auto& f) { f.redis.append_only.reset(); }},
      {"redis.replication", kPass, [](auto& f) { f.redis.replicas = 0; }},
      {"redis.replication", kWarn, [](auto& f) { f.redis.replica_lag = std::chrono::seconds(11); }},
      {"redis.replication", kWarn, [](auto& f) { f.redis.replicas.reset(); }},
      {"redis.latency", kFail, [](auto& f) { f.redis.script_p99.reset(); }},
      {"redis.latency", kFail, [](auto& f) { f.redis.script_p99 = std::chrono::microseconds(50'001); }},
      {"redis.latency", kWarn, [](auto& f) { f.redis.script_p99 = std::chrono::microseconds(10'001); }},
      {"redis.permissions", kFail, [](auto& f) { f.redis.refused_commands = {"XADD", "SET"}; }},
      {"redis.permissions", kPass, [](auto& f) { f.redis.refused_commands.emplace(); }},
      {"redis.clock", kFail, [](auto& f) { f.redis.clock_skew = milliseconds(5'001); }},
      {"redis.clock", kWarn, [](auto& f) { f.redis.clock_skew = milliseconds(1'001); }},
      {"redis.clock", kWarn, [](auto& f) { f.redis.clock_skew.reset(); }},
      {"redis.connections", kFail, [](auto& f) { f.redis.clients = 9'001; }},
      {"redis.connections", kWarn, [](auto& f) { f.redis.clients = 6'001; }},
      {"redis.connections", kWarn, [](auto& f) { f.redis.max_clients = 0; }},
      {"redis.cluster", kPass, [](auto& f) { f.redis.cluster = true; }},
      {"redis.cluster", kFail, [](auto& f) { f.redis.cluster = true, f.prefix_has_tag = false; }},
      {"redis.cluster", kPass, [](auto& f) { f.prefix_has_tag = false; }},
      {"workers", kFail, [](auto& f) { f.fleet.reset(); }},
      {"workers", kFail, [](auto& f) { f.fleet->models[0].workers = 0; }},
      {"workers", kWarn, [](auto& f) { f.fleet->worker_versions = {"1.0", "1.1"}; }},
      {"workers", kWarn, [](auto& f) { f.fleet->worker_versions = {"0.9"}; }},
      {"on_lost", kFail, [](auto& f) { once(f).unfit_workers = {"old"}; }},
      {"on_lost", kWarn, [](auto& f) { once(f).untold_workers = 1; }},
      {"on_lost", kPass, [](auto& f) { once(f); }},
      {"on_lost", kPass, [](auto& f) { f.fleet->models[0].untold_workers = 1; }},
      {"capacity", kFail, [](auto& f) { f.fleet->models[0].arrivals_per_second = 13; }},
      {"capacity", kPass, [](auto& f) { f.fleet->models[0].arrivals_per_second = 12; }},
      {"capacity", kWarn, [](auto& f) { f.fleet->models[0].mean_run = milliseconds(0); }},
      {"capacity.sync", kWarn, [](auto& f) { f.fleet->models[0].sync_slots = 5; }},
      {"path.probe", kFail, [](auto& f) { f.probe->failure = "no worker took it within 5 s"; }},
      {"path.probe", kWarn, [](auto& f) { f.probe.reset(); }},
      {"path.probe", kWarn, [](auto& f) { f.probe->only_looked = true; }},
      {"shadow.prompts", kWarn, [](auto& f) { f.shadow_keeps_prompts = true; }},
  };
  for (const Row& expected : table) {
    PreflightFacts facts = good_facts();
    expected.change(facts);
    const auto checks = preflight(facts);
    const Check* const found = row(checks, expected.name);
    ASSERT_NE(found, nullptr) << expected.name;
    EXPECT_EQ(found->outcome, expected.outcome) << expected.name << ": " << found->found;
    EXPECT_EQ(found->advice.empty(), found->outcome == CheckOutcome::kPass) << expected.name;
    const auto others = std::ranges::count_if(checks, [&](const Check& check) {
      return check.name != expected.name && check.outcome != CheckOutcome::kPass;
    });
    EXPECT_EQ(others, 0) << expected.name << " changes no other row";
  }
}

TEST(Preflight, ARedisThatCannotBeUsedIsTheOnlyRow) {
  PreflightFacts facts;
  facts.redis.failure = "NOAUTH Authentication required.";
  const auto checks = preflight(facts);
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_THAT(checks[0].found, HasSubstr("NOAUTH"));
}

TEST(Preflight, AFailIsOverriddenByItsNameAlone) {
  PreflightFacts facts = good_facts();
  facts.redis.eviction_policy = "volatile-lru";
  facts.probe->failure = "timed out";
  const auto checks = preflight(facts);
  EXPECT_THAT(failing(checks, {}), ElementsAre("redis.eviction", "path.probe"));
  EXPECT_THAT(failing(checks, {"path.probe", "redis"}), ElementsAre("redis.eviction"));
  EXPECT_THAT(failing(checks, {"path.probe", "redis.eviction"}), IsEmpty());
}

TEST(Preflight, WhoGoesDownSeesTheShareOf429) {
  FleetFacts fleet;
  EXPECT_EQ(refused_share_in_sync(fleet), 0);
  // 20 a second of half a second each need 10 slots; 6 of them carry 12.
  fleet.models = {{.name = "a", .sync_slots = 6, .arrivals_per_second = 20, .mean_run = milliseconds(500)}};
  EXPECT_NEAR(refused_share_in_sync(fleet), 8.0 / 20, 1e-9);
  // A model with room does not lend it to another one.
  fleet.models.push_back(
      {.name = "b", .sync_slots = 100, .arrivals_per_second = 20, .mean_run = milliseconds(500)});
  EXPECT_NEAR(refused_share_in_sync(fleet), 8.0 / 40, 1e-9);
  fleet.models[0].mean_run = milliseconds(0);
  EXPECT_EQ(refused_share_in_sync(fleet), 0) << "what has never run is not known";
}

}  // namespace
}  // namespace shunt::flip
