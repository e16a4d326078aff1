#include "openai_fixture.hpp"

// Files of callers, as a chat model gets them.
namespace shunt::testing {
namespace {

class OpenAiFilesTest : public OpenAiTest {
 protected:
  OpenAiFilesTest() {
    for (const char* member : {"a", "b", "c"}) rules_[member].type = InputRule::Type::kFile;
  }
  GenerationRequest with(InputFiles files, JsonObject input) {
    GenerationRequest request;
    request.files = std::move(files);
    request.input = std::move(input);
    return request;
  }
  Json body(const std::string& model) { return seen(model).at("requests").as_array().back().at("body"); }
  // The messages that the server got.
  std::string messages(const std::string& model) { return to_json_text(body(model).at("messages")); }
};

TEST_F(OpenAiFilesTest, AreSentAsPartsOfTheMessageInTheFormOfTheirKind) {
  given_model("ok");
  const auto record = run(0, with({{"a", files_.add("\x01\x02\x03\x04", "image/png")},
                                   {"b", files_.add("RIFF", "audio/wav")},
                                   {"c", files_.add("%PDF", "application/pdf", "paper.pdf")}},
                                  {{"prompt", "What?"}, {"temperature", 0}}));
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_EQ(
      messages("ok"),
      R"([{"role":"user","content":[{"type":"text","text":"What?"},)"
      R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AQIDBA=="}},)"
      R"({"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}},)"
      R"({"type":"file","file":{"filename":"paper.pdf","file_data":"data:application/pdf;base64,JVBERg=="}}]}])");
  EXPECT_FALSE(body("ok").as_object().contains("a"));
}

TEST_F(OpenAiFilesTest, GoToTheLastMessageOfTheUsers) {
  given_model("ok");
  const JsonArray messages_given{
      JsonObject{{"role", "user"}, {"content", JsonArray{JsonObject{{"type", "text"}, {"text", "1"}}}}},
      JsonObject{{"role", "assistant"}, {"content", "2"}}};
  const auto record = run(0, with({{"a", files_.add("abc", "image/png")}}, {{"messages", messages_given}}));
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_EQ(messages("ok"), R"([{"role":"user","content":[{"type":"text","text":"1"},)"
                            R"({"type":"image_url","image_url":{"url":"data:image/png;base64,YWJj"}}]},)"
                            R"({"role":"assistant","content":"2"}])");
}

TEST_F(OpenAiFilesTest, ThatAreGoneOrForWhichThereIsNoRoomFailTheGeneration) {
  given_model("ok");
  FileReference gone = files_.add("abc", "image/png");
  gone.sha256 = std::string(64, '0');
  memory_ = std::make_unique<MemoryBudget>(std::size_t{4} << 20U);
  EXPECT_EQ(run(0, with({{"a", gone}}, {{"prompt", "?"}})).error->code, error_code::kFileGone);
  const FileReference large = files_.add(std::string(3'000'000, 'x'), "image/png");
  EXPECT_EQ(run(0, with({{"a", large}}, {{"prompt", "?"}})).error->code, error_code::kOverloaded);
  EXPECT_EQ(calls("ok"), 0);
}

}  // namespace
}  // namespace shunt::testing
