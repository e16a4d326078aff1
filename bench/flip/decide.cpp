// What a decision of the flip costs at admission: nanoseconds each, by where in the precedence it ends, with
// the longest lists and keys that there can be. Prints "NAME NANOSECONDS" a line: the median of many rounds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "shunt/flip/decision.hpp"

namespace {

using namespace shunt::flip;
constexpr int kRounds = 51;
constexpr int kDecisions = 20'000;

double nanoseconds_each(const Snapshot& snapshot, const std::vector<std::string>& tenants) {
  std::vector<double> rounds;
  std::uint64_t in_queue = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kDecisions; ++i) {
      DecisionInput input;
      input.asker.tenant = tenants[static_cast<std::size_t>(i) % tenants.size()];
      input.asker.caller = "ann";
      input.asker.draw = "gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6";
      in_queue += decide(snapshot, input).executor == ExecutorKind::kQueue ? 1 : 0;
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    rounds.push_back(took.count() / kDecisions);
  }
  if (in_queue > std::uint64_t(kRounds) * kDecisions) std::abort();  // it is used, so that it is computed
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return rounds[kRounds / 2];
}

std::vector<std::string> names(const std::string& prefix, std::size_t count, std::size_t bytes) {
  std::vector<std::string> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back(prefix + std::to_string(i));
    if (made.back().size() < bytes) made.back().resize(bytes, 'x');
  }
  return made;
}

}  // namespace

int main() {
  FlipRecord record = first_record(Strategy::kCanary, "rollout-019abc3f5c2a7d1e8f00a1b2", {});
  record.step = 2;
  std::printf("split %.1f\n", nanoseconds_each(Snapshot(record), names("tenant-", 64, 0)));
  record.plan.allow = names("allowed-", kMaxListed, kMaxKeyBytes);
  record.plan.deny = names("denied-", kMaxListed, kMaxKeyBytes);
  std::printf("split_after_long_lists %.1f\n",
              nanoseconds_each(Snapshot(record), names("tenant-", 64, kMaxKeyBytes)));
  record.state = FlipState::kFull;
  record.step = 0;
  std::printf("full %.1f\n", nanoseconds_each(Snapshot(record), names("tenant-", 64, 0)));
  return 0;
}
