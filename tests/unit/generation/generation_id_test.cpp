#include "shunt/generation/generation_id.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "support/manual_clock.hpp"

namespace shunt::generation {
namespace {

TEST(GenerationId, IsAPrefixAndAUuidV7ThatReadsBack) {
  testing::ManualClock clock(1'700'000'000'123);
  GenerationIdSource ids(clock);
  const GenerationId id = ids.next();
  const std::string text = id.to_string();
  ASSERT_EQ(text.size(), GenerationId::kTextSize);
  EXPECT_EQ(text.substr(0, 4), "gen_");
  EXPECT_EQ(text[16], '7') << text;
  EXPECT_NE(std::string("89ab").find(text[20]), std::string::npos) << text;
  EXPECT_EQ(GenerationId::parse(text), id);
  EXPECT_EQ(id.created_at(), clock.now());
}

TEST(GenerationId, ParseTakesNothingElse) {
  for (const char* text : {"", "gen_", "gen_0190a0b0c0d07000800000000000000",
                           "gen_0190a0b0c0d0700080000000000000011", "gen_0190A0B0C0D070008000000000000001",
                           "gen_0190a0b0c0d040008000000000000001", "gen_0190a0b0c0d070000000000000000001",
                           "job_0190a0b0c0d070008000000000000001", "gen_0190a0b0c0d07000800000000000000g"}) {
    EXPECT_FALSE(GenerationId::parse(text).has_value()) << text;
  }
}

TEST(GenerationId, IncreasesAsValueAndAsTextWhateverTheClockDoes) {
  testing::ManualClock clock;
  GenerationIdSource ids(clock);
  GenerationId last = ids.next();
  for (int i = 0; i < 20'000; ++i) {  // more than the 4096 of one millisecond
    if (i == 10'000) clock.advance(std::chrono::milliseconds(-5'000));
    const GenerationId id = ids.next();
    ASSERT_LT(last, id);
    ASSERT_LT(last.to_string(), id.to_string());
    last = id;
  }
}

TEST(GenerationId, NeverRepeatsAcrossThreads) {
  testing::ManualClock clock;
  GenerationIdSource ids(clock);
  std::vector<std::vector<GenerationId>> made(4);
  std::vector<std::thread> threads;
  for (auto& into : made) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) into.push_back(ids.next());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<GenerationId> all;
  for (const auto& some : made) all.insert(some.begin(), some.end());
  EXPECT_EQ(all.size(), 20'000U);
}

}  // namespace
}  // namespace shunt::generation
