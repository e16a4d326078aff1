#include "drivers/openai/argument_text.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shunt::generation::openai {
namespace {

struct Read {
  std::string text, told;
};

Read read(const std::vector<std::string_view>& pieces) {
  ArgumentText arguments;
  Read got;
  for (const auto piece : pieces) got.told += arguments.append(piece);
  got.told += arguments.finish();
  got.text = arguments.text();
  return got;
}

TEST(ArgumentText, FindsTheReadingThatIsAnObject) {
  struct Case {
    std::vector<std::string_view> pieces;
    std::string_view text;
  };
  const Case cases[] = {
      {{}, ""},
      {{R"({"a")", ":1}"}, R"({"a":1})"},
      {{R"({"a":1})", R"({"a":1})", R"({"a":1})"}, R"({"a":1})"},
      {{R"({"a)", R"({"a":)", R"({"a":1})"}, R"({"a":1})"},
      {{R"({"a")", ":1}", R"({"a":1})"}, R"({"a":1})"},
      {{"{}", R"({"a":)", "1}"}, R"({"a":1})"},
      {{"{}", "{}"}, "{}"},
      {{R"({"a":)", R"({"a":1})", "}"}, R"({"a":{"a":1}})"},
      {{R"({"a":)", R"({"a":)", R"({"a":1}}})"}, R"({"a":{"a":{"a":1}}})"},
      {{R"({"q":"\"}{")", R"("})"}, R"({"q":"\"}{""})"},
      {{R"({"a":)", R"({"a":1)", R"({"a":1,"b)"}, R"({"a":1,"b)"},
      {{R"({"a":)", "1"}, R"({"a":1)"},
      {{" ", R"( {"a":1})"}, R"(  {"a":1})"},
  };
  for (const auto& [pieces, text] : cases) {
    const Read got = read(pieces);
    EXPECT_EQ(got.text, text);
    EXPECT_EQ(got.told, text) << "what was told piece by piece";
  }
}

TEST(ArgumentText, TellsWhatGrowsAtOnceAndHoldsBackWhatIsInDoubt) {
  ArgumentText arguments;
  EXPECT_EQ(arguments.append(R"({"a":)"), R"({"a":)");
  EXPECT_EQ(arguments.append("1,"), "1,");
  EXPECT_EQ(arguments.append(R"({"a":1,"b":2})"), "") << "the text so far, or more of it?";
  EXPECT_EQ(arguments.finish(), R"("b":2})");
}

TEST(ObjectScan, KnowsWhenOneObjectIsWhole) {
  for (const std::string_view whole : {R"({})", R"( {"a":[1,{"b":"}"}]} )", R"({"a":"\\"})"}) {
    ObjectScan scan;
    scan.feed(whole);
    EXPECT_TRUE(scan.whole()) << whole;
  }
  for (const std::string_view other : {"", "{", "{}{}", "{} x", "x{}", "1", R"("{}")", R"({"a":"\"})", "}"}) {
    ObjectScan scan;
    scan.feed(other);
    EXPECT_FALSE(scan.whole()) << other;
  }
}

}  // namespace
}  // namespace shunt::generation::openai
