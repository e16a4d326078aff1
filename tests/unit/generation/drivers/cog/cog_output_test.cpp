#include "drivers/cog/cog_output.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::cog {
namespace {

Json json(std::string_view text) {
  return parse_json(text).value();
}

TEST(CogOutput, TellsTextsAndListsOfTexts) {
  struct Case {
    std::string_view output, text;
  };
  for (const Case& c :
       {Case{R"("Hello")", "Hello"}, Case{R"(["Hel","lo"])", "Hello"}, Case{"[]", ""}, Case{R"(["a",1])", ""},
        Case{R"({"a":"b"})", ""}, Case{"null", ""}, Case{"7", ""},
        Case{R"("https://example.com/a.png")", "https://example.com/a.png"},
        Case{R"("data: the new oil")", "data: the new oil"}, Case{R"(["data:"," x"])", "data: x"},
        Case{R"("data:image/png,x")", "data:image/png,x"}}) {
    const auto taken = take_output(json(c.output));
    ASSERT_TRUE(taken.ok());
    EXPECT_EQ(taken->text, c.text) << c.output;
    EXPECT_EQ(taken->output, json(c.output));
    EXPECT_TRUE(taken->artifacts.empty());
  }
}

TEST(CogOutput, MakesArtifactsOfFilesWhereverTheyStand) {
  const auto taken = take_output(json(
      R"({"images":["data:image/png;base64,aGk=","data:;base64,aGk="],"sound":"data:audio/wav;base64,aGk="})"));
  ASSERT_TRUE(taken.ok());
  ASSERT_EQ(taken->artifacts.size(), 3U);
  EXPECT_EQ(taken->artifacts[0].name, "output-1.png");
  EXPECT_EQ(taken->artifacts[0].media_type, "image/png");
  EXPECT_EQ(*taken->artifacts[0].bytes, "hi");
  EXPECT_EQ(taken->artifacts[1].name, "output-2.bin");
  EXPECT_EQ(taken->artifacts[2].name, "output-3.wav");
  EXPECT_EQ(
      to_json_text(taken->output),
      R"({"images":[{"artifact":"output-1.png"},{"artifact":"output-2.bin"}],"sound":{"artifact":"output-3.wav"}})");
}

TEST(CogOutput, RefusesFilesThatCannotBeRead) {
  for (const std::string_view url : {"data:image/png;base64", "data:image/png;base64,a",
                                     "data:image/png;base64,a*==", "data:image/png;base64,aGk=\\n"}) {
    const auto taken = take_output(json('"' + std::string(url) + '"'));
    ASSERT_FALSE(taken.ok()) << url;
    EXPECT_EQ(taken.error().code, error_code::kUpstreamBroken);
  }
}

}  // namespace
}  // namespace shunt::generation::cog
