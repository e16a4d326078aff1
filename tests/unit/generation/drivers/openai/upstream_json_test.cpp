#include "drivers/openai/upstream_json.hpp"

#include <gtest/gtest.h>

#include "drivers/openai/json_repair.hpp"

namespace shunt::generation::openai {
namespace {

Json read(std::string_view text) {
  auto documents = read_upstream_json(text);
  if (!documents) return documents.error().message.c_str();
  return documents->documents.at(0);
}

Json json(std::string_view text) {
  return parse_json(text).value();
}

TEST(UpstreamJson, KeepsOnlyTheMembersThatAreRead) {
  EXPECT_EQ(
      read(
          R"({"id":"x","model":"m","choices":[{"index":0,"matched_stop":{"a":[1]},"delta":{"any":[{"b":1}]}}],
                    "prompt_logprobs":[[1,2]],"usage":{"deep":{"er":1}}})"),
      json(R"({"model":"m","choices":[{"index":0,"delta":{"any":[{"b":1}]}}],"usage":{"deep":{"er":1}}})"));
  EXPECT_EQ(read(R"([{"junk":1,"error":{"code":4}}])"), json(R"([{"error":{"code":4}}])"));
}

TEST(UpstreamJson, TakesNumbersForWhatTheyCanBe) {
  EXPECT_EQ(
      read(R"({"usage":{"a":9007199254740991,"b":9007199254740992,"c":-99999999999999999999999,"d":1e999,
                    "e":NaN,"f":-Infinity,"g":0.5,"h":18446744073709551615,"i":333333333333333333333.5,"j":1e20}})"),
      json(R"({"usage":{"a":9007199254740991,"b":"9007199254740992","c":"-99999999999999999999999","d":null,
                    "e":null,"f":null,"g":0.5,"h":"18446744073709551615","i":"333333333333333333333.5","j":"1e20"}})"));
}

// Boost.JSON 1.81 by itself reads some of these a few units in the last place away.
TEST(UpstreamJson, ReadsTheNumberThatWasWritten) {
  for (const std::string number : {"6666636333333333.3377", "1.1234567890123457", "0.30000000000000004",
                                   "-0.0023064255", "5e-324", "1.7976931348623157e-308"}) {
    const std::string text = R"({"usage":{"a":)" + number + "}}";
    EXPECT_EQ(to_json_text(read(text)), to_json_text(json(text)));
  }
}

TEST(UpstreamJson, LeavesOutWhatIsTooDeepOrTooMuch) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  EXPECT_EQ(read(R"({"id":)" + deep + R"(,"model":"m"})"), json(R"({"model":"m"})"));
  EXPECT_TRUE(read(R"({"usage":)" + deep + R"(,"model":"m"})").is_object());
  std::string many = R"({"usage":{)";
  for (int i = 0; i < 5000; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  EXPECT_EQ(read(many + R"("z":1}})").at("usage").as_object().size(), 256U);
  std::string values = R"({"usage":[0)";
  for (int i = 0; i < 1'000'001; ++i) values += ",0";
  EXPECT_FALSE(read_upstream_json(values + "]}").ok());
}

TEST(UpstreamJson, ReadsDocumentsOneAfterAnother) {
  const auto read =
      read_upstream_json("{\"model\":\"a\"}\n {\"model\":\"b\"}data: {\"model\":\"c\"} [DONE] rest");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->documents.size(), 3U);
  EXPECT_TRUE(read->done);
  EXPECT_TRUE(read_upstream_json("{} rest")->excess);
  EXPECT_FALSE(read_upstream_json("{} {\"cut").ok());
  for (const std::string_view text : {"", "{", "word", "{\"a\"}", "\xFF"}) {
    EXPECT_FALSE(read_upstream_json(text).ok()) << text;
  }
}

TEST(UpstreamJson, MakesEveryTextValidInTheEnd) {
  const Json value = read("{\"usage\":{\"k\xFF\":[\"a\xE2\x82\"]}}");
  EXPECT_EQ(with_valid_texts(value), json("{\"usage\":{\"k\uFFFD\":[\"a\uFFFD\"]}}"));
}

TEST(JsonRepair, ChangesOnlyWhatIsWrong) {
  const std::pair<std::string_view, std::string_view> repairs[] = {
      {R"([NaN,-Infinity,Infinity,nan,-inf])", "[null,null,null,null,null]"},
      {"[\"a\tb\"]", R"(["a\u0009b"])"},
      {R"(["\ud83d!\ude00\ud83d\ude00"])", R"(["\ufffd!\ufffd\ud83d\ude00"])"},
      {R"(["it\'s \x"])", R"(["it\\'s \\x"])"},
  };
  for (const auto& [text, repaired] : repairs) EXPECT_EQ(repaired_json(text), repaired);
  for (const std::string_view right :
       {R"({"a":"NaN and -Infinity","b":"\"\\\u00e9\n"})", "[1,-2,null]", "[\"\\", "\\"}) {
    EXPECT_EQ(repaired_json(right), std::nullopt) << right;
  }
}

}  // namespace
}  // namespace shunt::generation::openai
