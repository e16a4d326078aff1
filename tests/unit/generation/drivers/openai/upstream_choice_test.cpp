#include "drivers/openai/upstream_choice.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace shunt::generation::openai {
namespace {

using Candidates = std::vector<UpstreamCandidate>;

UpstreamCandidate server(std::string_view name, std::size_t weight = 1, std::size_t running = 0) {
  return {.weight = weight, .running = running, .identity = stable_hash(name)};
}

std::optional<std::size_t> chosen(const Candidates& all, double draw = 0,
                                  LastResort last_resort = LastResort::kNo) {
  return choose_upstream(all, std::nullopt, draw, last_resort);
}

TEST(UpstreamChoice, TakesTheLeastBusyForItsWeight) {
  EXPECT_EQ(chosen({server("a", 1, 2), server("b", 1, 1), server("c", 1, 3)}), 1U);
  EXPECT_EQ(chosen({server("a", 1, 2), server("b", 4, 6)}), 1U)
      << "6 of weight 4 are less than 2 of weight 1";
  EXPECT_EQ(chosen({server("a", 1, 1), server("b", 4, 6)}), 0U);
}

TEST(UpstreamChoice, TakesOneOfEqualsByItsWeight) {
  const Candidates idle{server("a", 3), server("b", 1)};
  EXPECT_EQ(chosen(idle, 0.0), 0U);
  EXPECT_EQ(chosen(idle, 0.74), 0U);
  EXPECT_EQ(chosen(idle, 0.76), 1U);
  EXPECT_EQ(chosen(idle, 0.9999999999), 1U);
}

TEST(UpstreamChoice, KeepsAServerOfNoWeightForWhenNoOtherIsLeft) {
  Candidates all{server("a", 1, 100), server("spare", 0)};
  EXPECT_EQ(chosen(all), 0U);
  all[0].tried = true;
  EXPECT_EQ(chosen(all), 1U);
  all[0] = server("a");
  all[0].admits = false;
  EXPECT_EQ(chosen(all), 1U);
}

TEST(UpstreamChoice, AsksAServerThatIsLeftOutOnlyAsALastResort) {
  Candidates all{server("a"), server("b")};
  all[0].admits = all[1].admits = false;
  EXPECT_EQ(chosen(all), std::nullopt);
  EXPECT_EQ(chosen(all, 0.9, LastResort::kYes), 1U);
  all[1].tried = true;
  EXPECT_EQ(chosen(all, 0.9, LastResort::kYes), 0U);
  all[0].tried = true;
  EXPECT_EQ(chosen(all, 0.9, LastResort::kYes), std::nullopt);
}

TEST(UpstreamChoice, AlwaysSendsEqualKeysToTheSameServerHoweverBusy) {
  Candidates all{server("a"), server("b"), server("c")};
  const auto key = stable_hash("user-7");
  const auto first = choose_upstream(all, key, 0, LastResort::kNo);
  all[*first].running = 1000;
  EXPECT_EQ(choose_upstream(all, key, 0.99, LastResort::kNo), first);
}

TEST(UpstreamChoice, MovesOnlyTheKeysOfAServerThatIsLost) {
  Candidates all{server("a", 1), server("b", 2), server("c", 1)};
  std::vector<std::size_t> before;
  std::map<std::size_t, int> shares;
  for (int i = 0; i < 4000; ++i) {
    before.push_back(*choose_upstream(all, stable_hash("user-" + std::to_string(i)), 0, LastResort::kNo));
    ++shares[before.back()];
  }
  EXPECT_NEAR(shares[0], 1000, 150);
  EXPECT_NEAR(shares[1], 2000, 150);
  EXPECT_NEAR(shares[2], 1000, 150);
  all[1].admits = false;
  for (int i = 0; i < 4000; ++i) {
    const auto now = *choose_upstream(all, stable_hash("user-" + std::to_string(i)), 0, LastResort::kNo);
    ASSERT_NE(now, 1U);
    if (before[static_cast<std::size_t>(i)] != 1) {
      ASSERT_EQ(now, before[static_cast<std::size_t>(i)]) << i;
    }
  }
}

TEST(UpstreamChoice, HashesAsEveryOtherMachineAndVersionDoes) {
  EXPECT_EQ(stable_hash(""), stable_hash(std::string()));
  EXPECT_NE(stable_hash("a"), stable_hash("b"));
  // As a few lines of Python compute it from FNV-1a and SplitMix64's last step.
  EXPECT_EQ(stable_hash("user-7"), 0x9e124c98a398664eULL);
}

}  // namespace
}  // namespace shunt::generation::openai
