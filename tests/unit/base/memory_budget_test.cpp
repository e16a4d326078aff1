#include "shunt/base/memory_budget.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "memory_limit.hpp"

namespace shunt::base {
namespace {

// Budgets of these tests are on the heap: they are aligned to cache lines, which g++ 12 does not do for a
// stack that AddressSanitizer watches for uses after its return.

TEST(MemoryBudget, DividesTheLimitWithoutExceedingIt) {
  for (const std::size_t limit : {std::size_t{64} << 20U, std::size_t{512} << 20U, std::size_t{1} << 40U}) {
    const auto owner = std::make_unique<MemoryBudget>(limit);
    const MemoryBudget& budget = *owner;
    std::size_t sum = 0;
    for (std::size_t i = 0; i < kMemoryShares; ++i) sum += budget.capacity(static_cast<MemoryShare>(i));
    EXPECT_LT(sum, limit);
    EXPECT_EQ(budget.capacity(MemoryShare::kStore), limit / 4);
  }
}

TEST(MemoryBudget, RefusesWhatDoesNotFitAndKeepsSharesApart) {
  const auto owner = std::make_unique<MemoryBudget>(3200);
  MemoryBudget& budget = *owner;
  const std::size_t store = budget.capacity(MemoryShare::kStore);
  EXPECT_TRUE(budget.try_take(MemoryShare::kStore, store));
  EXPECT_FALSE(budget.try_take(MemoryShare::kStore, 1));
  EXPECT_FALSE(budget.try_take(MemoryShare::kStore, std::size_t(-1)));
  EXPECT_TRUE(budget.try_take(MemoryShare::kOpen, 1));
  budget.give_back(MemoryShare::kStore, 1);
  EXPECT_TRUE(budget.try_take(MemoryShare::kStore, 1));
  EXPECT_EQ(budget.used(MemoryShare::kStore), store);
  EXPECT_EQ(budget.refused(MemoryShare::kStore), 2U);
}

TEST(MemoryReservation, MovesGrowsShrinksAndGivesBack) {
  const auto owner = std::make_unique<MemoryBudget>(3200);
  MemoryBudget& budget = *owner;
  const auto used = [&] { return budget.used(MemoryShare::kRequests); };
  {
    MemoryReservation first(budget, MemoryShare::kRequests);
    EXPECT_TRUE(first.try_resize(100));
    MemoryReservation second(std::move(first));
    EXPECT_TRUE(second.try_resize(40));
    EXPECT_EQ(used(), 40U);
    EXPECT_FALSE(second.try_resize(10'000));
    EXPECT_EQ(second.bytes(), 40U);
    second.resize(10'000);
    EXPECT_EQ(used(), 10'000U);
    second.move_to(MemoryShare::kAnswers);
    EXPECT_EQ(used(), 0U);
    EXPECT_EQ(budget.used(MemoryShare::kAnswers), 10'000U);
  }
  EXPECT_EQ(budget.used(MemoryShare::kAnswers), 0U);
}

TEST(MemoryBudget, NeverExceedsAShareWhenManyThreadsTake) {
  const auto owner = std::make_unique<MemoryBudget>(32'000);
  MemoryBudget& budget = *owner;
  const std::size_t capacity = budget.capacity(MemoryShare::kDrivers);
  std::vector<std::thread> threads;
  std::atomic<std::size_t> taken{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10'000; ++round) {
        if (budget.try_take(MemoryShare::kDrivers, 3)) taken += 3;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(taken, capacity);
  EXPECT_EQ(budget.used(MemoryShare::kDrivers), taken);
}

class CgroupLimit : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("shunt-cgroup-" + std::to_string(::getpid()) + '-' +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text << '\n';
  }
  [[nodiscard]] std::size_t limit(const std::string& cgroups) const {
    return cgroup_memory_limit(cgroups, root_.string());
  }
  std::filesystem::path root_;
};

TEST_F(CgroupLimit, IsTheLowestOfTheGroupAndThoseAround) {
  put("memory.max", "max");
  put("a/memory.max", "3000");
  put("a/b/memory.max", "5000");
  EXPECT_EQ(limit("0::/a/b\n"), 3000U);
  EXPECT_EQ(limit("0::/elsewhere\n"), std::size_t(-1));
}

TEST_F(CgroupLimit, IsThatOfTheRootInAContainer) {
  put("memory.max", "7000");
  EXPECT_EQ(limit("0::/\n"), 7000U);
  EXPECT_EQ(limit("0::/../../host/path\n"), 7000U);
}

TEST_F(CgroupLimit, KnowsTheFirstVersion) {
  put("memory/x/memory.limit_in_bytes", "4000");
  put("memory/memory.limit_in_bytes", "9223372036854771712");
  EXPECT_EQ(limit("3:cpu,cpuacct:/y\n7:memory:/x\n"), 4000U);
  EXPECT_EQ(limit("nonsense\n"), std::size_t(-1));
}

}  // namespace
}  // namespace shunt::base
