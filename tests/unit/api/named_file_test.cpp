#include "representation/named_file.hpp"

#include <gtest/gtest.h>

#include "shunt/http/fetch.hpp"

namespace shunt::api {
namespace {

InputRules rules() {
  InputRule image;
  image.type = InputRule::Type::kFile;
  image.urls = {InputRule::Url::kHttps, InputRule::Url::kData};
  InputRule plain;
  plain.type = InputRule::Type::kFile;
  return InputRules::compile({{"image", image}, {"plain", plain}}).value();
}

TEST(NamedFiles, LeaveTheInput) {
  GenerationRequest request;
  request.input = JsonObject{
      {"prompt", "hi"}, {"image", "data:image/png;base64,AQID"}, {"plain", JsonObject{{"file", "file-1"}}}};
  const auto named = take_named_files(rules(), request);
  ASSERT_TRUE(named.ok()) << named.error().message;
  EXPECT_EQ(to_json_text(request.input), R"({"prompt":"hi"})");
  EXPECT_EQ(std::get<InlineFile>(named->at("image")).bytes, "\x01\x02\x03");
  EXPECT_EQ(std::get<UploadedFile>(named->at("plain")).id, "file-1");
}

TEST(NamedFiles, AreAUrlWhereTheRuleSaysSoAlone) {
  const auto wrong = [](std::string_view member, Json value) {
    GenerationRequest request;
    request.input = JsonObject{{member, std::move(value)}};
    const auto named = take_named_files(rules(), request);
    if (!named)
      return std::string(named.error().code.text()) + ' ' +
             std::string(named.error().details.at("field").as_string());
    return std::string();
  };
  EXPECT_EQ(wrong("image", "HTTPS://example.com/cat.png"), "");
  EXPECT_EQ(wrong("plain", "https://example.com/cat.png"), "invalid_input /input/plain");
  EXPECT_EQ(wrong("plain", "data:,x"), "invalid_input /input/plain");
  for (const char* text :
       {"http://example.com/", "file:///etc/passwd", "/etc/passwd", "https", "", "javascript:1"})
    EXPECT_EQ(wrong("image", text), "invalid_input /input/image") << text;
  EXPECT_EQ(wrong("image", "data:image/png;base64,?"), "file_not_fetched /input/image");
  EXPECT_EQ(wrong("image", "data:image,x"), "file_not_fetched /input/image");
  EXPECT_EQ(wrong("image", "data:image/png\r\nX-Y: z,x"), "file_not_fetched /input/image");
  EXPECT_EQ(wrong("image", JsonObject{{"file", 1}}), "invalid_input /input/image");
  EXPECT_EQ(wrong("image", JsonObject{{"file", "file-1"}, {"x", 1}}), "invalid_input /input/image");
  EXPECT_EQ(wrong("image", nullptr), "invalid_input /input/image");
  EXPECT_EQ(wrong("image", JsonArray{}), "invalid_input /input/image");
}

}  // namespace
}  // namespace shunt::api
