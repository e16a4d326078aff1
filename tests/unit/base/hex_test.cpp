#include "shunt/base/hex.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "shunt/base/percent_encoding.hpp"
#include "shunt/base/random.hpp"

namespace shunt::base {
namespace {

TEST(Hex, WritesBytesAndNumbers) {
  std::string text = "x";
  append_hex(text, std::array<std::uint8_t, 3>{0x00, 0x9F, 0xFE});
  append_hex(text, std::uint8_t{0xAB}, HexCase::kUpper);
  EXPECT_EQ(text, "x009ffeAB");
  EXPECT_EQ(hex_number(0x1F, 4), "001f");
  EXPECT_EQ(hex_number(0x12345, 4), "2345") << "the lowest bits";
  EXPECT_EQ(hex_number(~std::uint64_t{0}, 16), "ffffffffffffffff");
}

TEST(Hex, ReadsBackWhatItWrites) {
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{0xBEEF}, ~std::uint64_t{0}})
    EXPECT_EQ(parse_hex(hex_number(number, 16)), number);
  EXPECT_EQ(parse_hex("f"), 15U);
}

TEST(Hex, RefusesWhatItWouldNotWrite) {
  for (const char* text : {"", "F", "0x1", " 1", "1 ", "g", "-1", "00000000000000000"})
    EXPECT_FALSE(parse_hex(text)) << text;
}

TEST(Hex, KnowsTheDigitsOfBothCases) {
  EXPECT_EQ(hex_value('9'), 9U);
  EXPECT_EQ(hex_value('a'), 10U);
  EXPECT_EQ(hex_value('F'), 15U);
  for (const char c : {'g', 'G', '/', ':', '@', '`', '\0', '\xE4'}) EXPECT_FALSE(hex_value(c)) << c;
}

TEST(PercentEncoding, LeavesOnlyUnreservedCharactersAsTheyAre) {
  EXPECT_EQ(percent_encoded("azAZ09-._~"), "azAZ09-._~");
  EXPECT_EQ(percent_encoded("a b/c?d=e&f%+"), "a%20b%2Fc%3Fd%3De%26f%25%2B");
  EXPECT_EQ(percent_encoded("\xC3\xA9\n"), "%C3%A9%0A");
  EXPECT_EQ(percent_encoded(""), "");
}

TEST(Random, NamesHaveTwoDigitsAByteAndDiffer) {
  EXPECT_EQ(random_name(3).size(), 6U);
  EXPECT_EQ(random_name().find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(random_name(), random_name());
  EXPECT_NE(random_number(), random_number());
}

TEST(Random, FillsMoreThanTheKernelGivesAtOnce) {
  std::array<std::byte, 1000> bytes{};
  fill_random(bytes);
  EXPECT_NE(std::count(bytes.begin() + 256, bytes.end(), std::byte{0}), 744);
}

}  // namespace
}  // namespace shunt::base
