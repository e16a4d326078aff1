#include "shunt/flip/weight.hpp"

#include <gtest/gtest.h>

#include <array>

namespace shunt::flip {
namespace {

TEST(Weight, ReadsAPercentageToTheHundredth) {
  struct Percentage {
    std::string_view text;
    std::uint32_t hundredths;
  };
  constexpr std::array<Percentage, 7> kCases{{{"0%", 0},
                                              {"1%", 100},
                                              {"100%", 10'000},
                                              {"12.5%", 1'250},
                                              {"0.01%", 1},
                                              {"007%", 700},
                                              {"99.99%", 9'999}}};
  for (const Percentage& c : kCases) {
    const auto weight = Weight::parse(c.text);
    ASSERT_TRUE(weight) << c.text;
    EXPECT_EQ(weight->hundredths(), c.hundredths);
    EXPECT_EQ(Weight::parse(weight->text()), weight);
  }
}

TEST(Weight, IsNothingElse) {
  for (const std::string_view text : {"", "%", "1", "101%", "100.01%", "1.%", ".5%", "1.234%", "-1%", "1 %",
                                      "1e1%", "1000%", "+1%", "0x1%", "1%%", "1.-1%"}) {
    EXPECT_FALSE(Weight::parse(text)) << text;
  }
  EXPECT_FALSE(Weight::of_hundredths(-1));
  EXPECT_FALSE(Weight::of_hundredths(10'001));
}

}  // namespace
}  // namespace shunt::flip
