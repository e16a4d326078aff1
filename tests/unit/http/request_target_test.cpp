#include "shunt/http/request_target.hpp"

#include <gtest/gtest.h>

#include <string>

namespace shunt::http {
namespace {

// "seg|seg?query", or the error's code.
std::string parsed(std::string_view text) {
  RequestTarget target;
  if (const auto result = target.parse(text); !result) return result.error().code.to_string();
  std::string shown;
  for (std::size_t i = 0; i < target.size(); ++i) shown.append(i == 0 ? "" : "|").append(target.segment(i));
  if (!target.query().empty()) shown.append("?").append(target.query());
  return shown;
}

TEST(RequestTarget, SplitsAndDecodesEachSegmentByItself) {
  EXPECT_EQ(parsed("/v1/generations"), "v1|generations");
  EXPECT_EQ(parsed("/v1/%67en?a=1&b=2"), "v1|gen?a=1&b=2");
  EXPECT_EQ(parsed("/a%2Fb/c"), "a/b|c") << "an encoded slash separates nothing";
  EXPECT_EQ(parsed("/"), "");
  EXPECT_EQ(parsed("/a/"), "a|");
  EXPECT_EQ(parsed("http://host:80/a?q"), "a?q");
  EXPECT_EQ(parsed("HTTP://host"), "");
  EXPECT_EQ(parsed("/caf%C3%A9"), "caf\xC3\xA9");
}

TEST(RequestTarget, RefusesWhatCannotBeAPath) {
  for (const char* bad : {"", "relative", "host:443", "/%", "/%4", "/%zz", "/%00", "/%ff", "/a#b"}) {
    EXPECT_EQ(parsed(bad), "invalid_target") << bad;
  }
}

TEST(RequestTarget, KnowsTheAsterisk) {
  RequestTarget target;
  ASSERT_TRUE(target.parse("*").ok());
  EXPECT_TRUE(target.asterisk());
}

TEST(ParseQuery, DecodesNamesAndValues) {
  const auto parameters = parse_query("a=1&b=x%20y+z&&c&d=e=f");
  ASSERT_TRUE(parameters.ok());
  const QueryParameters expected = {{"a", "1"}, {"b", "x y z"}, {"c", ""}, {"d", "e=f"}};
  EXPECT_EQ(*parameters, expected);
  EXPECT_FALSE(parse_query("a=%").ok());
  EXPECT_FALSE(parse_query("%ff=1").ok());
}

}  // namespace
}  // namespace shunt::http
