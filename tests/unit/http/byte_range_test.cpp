#include "shunt/http/byte_range.hpp"

#include <gtest/gtest.h>

#include <string>

#include "shunt/http/entity_tag.hpp"

namespace shunt::http {
namespace {

// "whole", "416", or "first+length".
std::string shown(const RangeChoice& choice) {
  if (const auto* const range = std::get_if<ByteRange>(&choice)) {
    return std::to_string(range->first) + '+' + std::to_string(range->length);
  }
  return std::holds_alternative<WholeBody>(choice) ? "whole" : "416";
}

struct RangeCase {
  const char* header;
  std::size_t size;
  const char* expected;
};

class ChooseRange : public testing::TestWithParam<RangeCase> {};

TEST_P(ChooseRange, FollowsRfc9110) {
  const RangeCase& row = GetParam();
  EXPECT_EQ(shown(choose_range(row.header, row.size)), row.expected) << row.header << " of " << row.size;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ChooseRange,
    testing::Values(RangeCase{"bytes=0-0", 10, "0+1"}, RangeCase{"bytes=2-5", 10, "2+4"},
                    RangeCase{"bytes=5-", 10, "5+5"}, RangeCase{"bytes=-3", 10, "7+3"},
                    RangeCase{"bytes=-30", 10, "0+10"}, RangeCase{"bytes=0-999", 10, "0+10"},
                    RangeCase{"Bytes= 1-2 ", 10, "1+2"}, RangeCase{"bytes=9-18446744073709551615", 10, "9+1"},
                    RangeCase{"bytes=10-", 10, "416"}, RangeCase{"bytes=-0", 10, "416"},
                    RangeCase{"bytes=0-", 0, "416"}, RangeCase{"bytes=-1", 0, "416"},
                    RangeCase{"", 10, "whole"}, RangeCase{"bytes", 10, "whole"},
                    RangeCase{"bytes=", 10, "whole"}, RangeCase{"bytes=-", 10, "whole"},
                    RangeCase{"bytes=5-2", 10, "whole"}, RangeCase{"bytes=a-b", 10, "whole"},
                    RangeCase{"bytes=+1-2", 10, "whole"}, RangeCase{"items=0-1", 10, "whole"},
                    RangeCase{"bytes=0-1,3-4", 10, "whole"},
                    RangeCase{"bytes=99999999999999999999-", 10, "whole"}));

TEST(EntityTag, IfNoneMatchTakesListsWeakTagsAndTheStar) {
  const std::string tag = "\"a.b\"";
  EXPECT_TRUE(matches_any_tag("\"a.b\"", tag));
  EXPECT_TRUE(matches_any_tag("\"x\", W/\"a.b\" ", tag));
  EXPECT_TRUE(matches_any_tag(" * ", tag));
  EXPECT_FALSE(matches_any_tag("\"a\"", tag));
  EXPECT_FALSE(matches_any_tag("", tag));
}

TEST(EntityTag, IfRangeWantsTheVeryTag) {
  EXPECT_TRUE(if_range_allows("", "\"t\""));
  EXPECT_TRUE(if_range_allows("\"t\"", "\"t\""));
  EXPECT_FALSE(if_range_allows("W/\"t\"", "\"t\""));
  EXPECT_FALSE(if_range_allows("Sun, 06 Nov 1994 08:49:37 GMT", "\"t\""));
}

}  // namespace
}  // namespace shunt::http
