#include "drivers/driver_memory.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

constexpr std::size_t kLimit = std::size_t{16} << 20U;

TEST(DriverMemory, FollowsWhatIsHeld) {
  const auto on_heap = std::make_unique<MemoryBudget>(kLimit);
  MemoryBudget& budget = *on_heap;
  {
    DriverMemory memory(budget);
    EXPECT_EQ(budget.used(MemoryShare::kDrivers), 0U);
    ASSERT_TRUE(memory.hold(100'000));
    EXPECT_GE(budget.used(MemoryShare::kDrivers), 100'000U);
    ASSERT_TRUE(memory.hold(1000));
    EXPECT_LT(budget.used(MemoryShare::kDrivers), 4096U);
    EXPECT_FALSE(memory.hold(kLimit));
    EXPECT_GE(memory.held(), 1000U);
  }
  EXPECT_EQ(budget.used(MemoryShare::kDrivers), 0U);
}

TEST(DriverMemory, CountsTheMemoryOfATextThatGrows) {
  const auto on_heap = std::make_unique<MemoryBudget>(kLimit);
  MemoryBudget& budget = *on_heap;
  DriverMemory memory(budget);
  std::string text;
  const std::string piece(10'000, 'x');
  while (memory.append(text, piece)) {
    ASSERT_GE(memory.held(), text.capacity());
    ASSERT_LE(text.capacity(), text.size() + text.size() / 4 + 8192);
  }
  // What fits is most of the share, and what does not fit has changed nothing.
  const std::size_t share = budget.capacity(MemoryShare::kDrivers);
  EXPECT_LE(memory.held(), share);
  EXPECT_GT(text.size(), share * 3 / 5);
  EXPECT_EQ(text.size() % piece.size(), 0U);
  memory.release();
  EXPECT_EQ(budget.used(MemoryShare::kDrivers), 0U);
}

TEST(DriverMemory, SaysWhatIsWrong) {
  const Error error = driver_overload();
  EXPECT_EQ(error.code, error_code::kOverloaded);
  EXPECT_TRUE(error.is_retryable());
  EXPECT_NE(error.message.find("memory.limit"), std::string::npos);
}

}  // namespace
}  // namespace shunt::generation
