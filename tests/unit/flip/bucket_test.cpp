#include "shunt/flip/bucket.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

namespace shunt::flip {
namespace {

struct HashCase {
  std::string_view text;
  std::uint32_t seed;
  std::uint32_t hash;
};

// The published vectors of the algorithm, and one for each length of the last block.
TEST(Murmur3, HasThePublishedValues) {
  constexpr std::array<HashCase, 7> kCases{{{"", 0, 0},
                                            {"", 1, 0x514e28b7},
                                            {"hello", 0, 0x248bfa47},
                                            {"hello, world", 0, 0x149bbb7f},
                                            {"The quick brown fox jumps over the lazy dog", 0, 0x2e4ff723},
                                            {"test", 0, 0xba6bd213},
                                            {"aaa", 0x9747b28c, 0x283e0130}}};
  for (const HashCase& c : kCases) EXPECT_EQ(murmur3_x86_32(c.text, c.seed), c.hash) << c.text;
}

struct BucketCase {
  std::string_view salt;
  std::string_view key;
  std::uint32_t bucket;
};

TEST(Bucket, OfTheDocumentedKeysIsTheDocumentedOne) {
  EXPECT_EQ(murmur3_x86_32("r1:tenant-1"), 0xde3fa7ecU);
  EXPECT_EQ(murmur3_x86_32("r2:tenant-1"), 0x1051fcaaU);
  constexpr std::array<BucketCase, 4> kCases{{{"r1", "tenant-1", 8681},
                                              {"r1", "tenant-2", 9489},
                                              {"r1", "tenant-3", 6990},
                                              {"r2", "tenant-1", 637}}};
  for (const BucketCase& c : kCases) EXPECT_EQ(bucket_of(c.salt, c.key), c.bucket) << c.salt << ':' << c.key;
}

TEST(Bucket, IsTheHashOfSaltColonKeyWhereverTheBlocksEnd) {
  for (std::size_t salt = 0; salt < 6; ++salt) {
    for (std::size_t key = 0; key < 6; ++key) {
      const std::string joined = std::string(salt, 's') + ':' + std::string(key, '\xE9');
      const auto scaled = std::uint64_t(murmur3_x86_32(joined)) * Weight::kWhole >> 32U;
      EXPECT_EQ(bucket_of(std::string(salt, 's'), std::string(key, '\xE9')), scaled) << salt << ' ' << key;
    }
  }
}

TEST(Bucket, OfAHundredThousandKeysFillsTheTenthsWithin1point2PerCent) {
  std::array<int, 10> tenths{};
  for (int i = 0; i < 100'000; ++i) ++tenths.at(bucket_of("r1", "user-" + std::to_string(i)) / 1'000);
  const auto [least, most] = std::ranges::minmax(tenths);
  EXPECT_GT(least, 9'880);
  EXPECT_LT(most, 10'120);
}

TEST(Canary, LosesNoKeyWhenItsWeightIsRaised) {
  for (int i = 0; i < 2'000; ++i) {
    const std::uint32_t bucket = bucket_of("r1", "tenant-" + std::to_string(i));
    bool was_in = false;
    for (std::int64_t hundredths = 0; hundredths <= Weight::kWhole; hundredths += 7) {
      const bool is_in = side_of(bucket, *Weight::of_hundredths(hundredths)) == Side::kCanary;
      EXPECT_TRUE(is_in || !was_in) << i << " at " << hundredths;
      was_in = is_in;
    }
    EXPECT_EQ(side_of(bucket, Weight::all()), Side::kCanary);
  }
}

struct SideCase {
  std::uint32_t bucket;
  Weight weight;
  Side side;
};

TEST(Control, IsAsManyBucketsAsTheCanaryUntilThatIsHalf) {
  constexpr std::array<SideCase, 11> kCases{{{0, Weight::none(), Side::kNone},
                                             {9'999, Weight::none(), Side::kNone},
                                             {499, Weight::percent(5), Side::kCanary},
                                             {500, Weight::percent(5), Side::kNone},
                                             {9'499, Weight::percent(5), Side::kNone},
                                             {9'500, Weight::percent(5), Side::kControl},
                                             {4'999, Weight::percent(50), Side::kCanary},
                                             {5'000, Weight::percent(50), Side::kControl},
                                             {7'499, Weight::percent(75), Side::kCanary},
                                             {7'500, Weight::percent(75), Side::kControl},
                                             {9'999, Weight::all(), Side::kCanary}}};
  for (const SideCase& c : kCases) EXPECT_EQ(side_of(c.bucket, c.weight), c.side) << c.bucket;
}

}  // namespace
}  // namespace shunt::flip
