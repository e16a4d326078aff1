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

const std::string kPaper = "file-" + std::string(32, 'a');
const std::string kCat = "file-" + std::string(32, 'b');

JsonObject part(std::string_view kind, JsonObject of) {
  return {{"type", kind}, {kind, std::move(of)}};
}
JsonObject asking(JsonArray parts) {
  return {{"messages", JsonArray{JsonObject{{"role", "user"}, {"content", std::move(parts)}}}}};
}

TEST_F(OpenAiFilesTest, ThatMessagesNameTakeThePlaceOfTheirIds) {
  given_model("ok");
  const InputFiles files{{kPaper, files_.add("%PDF", "application/pdf", "../paper.pdf")},
                         {kCat, files_.add("abc", "image/png")},
                         {"a", files_.add("abc", "image/png")}};
  const auto record =
      run(0, with(files, asking({part("file", {{"file_id", kPaper}}), part("file", {{"file_id", kCat}}),
                                 part("image_url", {{"detail", "low"}, {"file_id", kCat}}),
                                 part("file", {{"filename", "b"}, {"file_id", kPaper}})})));
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_EQ(
      messages("ok"),
      R"([{"role":"user","content":[)"
      R"({"type":"file","file":{"file_data":"data:application/pdf;base64,JVBERg==","filename":"../paper.pdf"}},)"
      R"({"type":"file","file":{"file_data":"data:image/png;base64,YWJj","filename":"file.png"}},)"
      R"({"type":"image_url","image_url":{"detail":"low","url":"data:image/png;base64,YWJj"}},)"
      R"({"type":"file","file":{"filename":"b","file_data":"data:application/pdf;base64,JVBERg=="}},)"
      R"({"type":"image_url","image_url":{"url":"data:image/png;base64,YWJj"}}]}])");
}

TEST_F(OpenAiFilesTest, ThatMessagesNameAreRefusedByThePartWhereTheyCannotBeSent) {
  given_model("ok", [](OpenAiOptions& options) { options.max_message_file_bytes = 8; });
  const auto refused = [&](InputFiles files, JsonArray parts) {
    auto request = with(std::move(files), asking(std::move(parts)));
    request.model = "m0";
    const auto checked = check_input(*models_.find("m0"), request);
    if (checked) return std::string("taken");
    EXPECT_EQ(checked.error().code, error_code::kInvalidInput);
    return std::string(checked.error().details.at("field").as_string()) + ' ' + checked.error().message;
  };
  const InputFiles text{{kPaper, files_.add("abcde", "text/plain")}};
  const JsonObject file = part("file", {{"file_id", kPaper}});
  EXPECT_EQ(refused(text, {file}), "taken");
  EXPECT_THAT(
      refused(text, {file, file}),
      ::testing::AllOf(::testing::StartsWith("/input/messages/0/content/1/file/file_id "),
                       ::testing::HasSubstr("10 bytes, and max_message_file_bytes of the model is 8")));
  EXPECT_THAT(refused({}, {file}), ::testing::HasSubstr("there is no file"));
  EXPECT_THAT(refused(text, {part("image_url", {{"file_id", kPaper}})}),
              ::testing::StartsWith("/input/messages/0/content/0/image_url/file_id an image must be"));
  InputFiles huge = text;
  huge[kPaper].bytes = ~std::uint64_t{0};
  EXPECT_THAT(refused(huge, {file, file}), ::testing::StartsWith("/input/messages/0/content/0/"));
  EXPECT_THAT(refused({{"nothing", text.at(kPaper)}}, {}), ::testing::HasSubstr("is no file of this model"));
}

TEST_F(OpenAiFilesTest, ThatManyPartsNameAreReservedAsOftenAsTheyAreSent) {
  given_model("ok");
  memory_ = std::make_unique<MemoryBudget>(std::size_t{4} << 20U);
  const InputFiles files{{kPaper, files_.add(std::string(10'000, 'x'), "text/plain")}};
  JsonArray parts;
  for (int i = 0; i < 500; ++i) parts.emplace_back(part("file", {{"file_id", kPaper}}));
  EXPECT_EQ(run(0, with(files, asking(std::move(parts)))).error->code, error_code::kOverloaded);
  EXPECT_EQ(calls("ok"), 0);
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
