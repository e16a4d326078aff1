// Operations that send a form with a file: transcriptions, translations, image edits.
#include "drivers/openai/operation_form.hpp"
#include "openai_fixture.hpp"

namespace shunt::generation {
namespace {

using ::testing::HasSubstr;
using testing::OpenAiTest;
using Operation = OpenAiOperation;

class OpenAiFormsTest : public OpenAiTest {
 protected:
  OpenAiFormsTest() {
    for (const char* member : {"file", "image", "mask"}) rules_[member].type = InputRule::Type::kFile;
  }
  void given(Operation operation, const std::string& mode,
             const std::function<void(OpenAiOptions&)>& adjust = {}) {
    given_model(mode, [&](OpenAiOptions& options) {
      options.operation = operation;
      if (adjust) adjust(options);
    });
  }
  GenerationRecord run_with(JsonObject input, InputFiles files, std::size_t model = 0) {
    GenerationRequest request;
    request.input = std::move(input);
    request.files = std::move(files);
    return run(model, std::move(request));
  }
  InputFiles sound(const std::string& bytes = "RIFF\r\n--\0\xff") {
    return {{"file", files_.add(bytes, "audio/wav", "a \"b\".wav")}};
  }
  [[nodiscard]] Json last(const std::string& mode) { return seen(mode).at("requests").as_array().back(); }
};

TEST_F(OpenAiFormsTest, ATranscriptionSendsTheFileAndTheFields) {
  given(Operation::kTranscription, "transcript");
  const InputFiles files = sound();
  const auto record = run_with({{"language", "nl"},
                                {"temperature", 0.5},
                                {"response_format", "verbose_json"},
                                {"prompt", nullptr},
                                {"chunking_strategy", {{"type", "server_vad"}}},
                                {"timestamp_granularities", {"word", "segment"}}},
                               files);
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_EQ(record.text, "Hello – there");
  EXPECT_EQ(record.result.at("language"), "english");
  EXPECT_EQ(record.result.at("text"), "Hello – there");
  EXPECT_EQ(last("transcript").at("target"), "/v1/audio/transcriptions");
  const JsonObject body = last("transcript").at("body").as_object();
  EXPECT_EQ(body.size(), 7U);
  EXPECT_EQ(body.at("model"), "transcript");
  EXPECT_EQ(body.at("language"), "nl");
  EXPECT_EQ(body.at("temperature"), "0.5");
  EXPECT_EQ(body.at("chunking_strategy[type]"), "server_vad");
  EXPECT_EQ(to_json_text(body.at("timestamp_granularities[]")), R"(["word","segment"])");
  const FileReference& file = files.at("file");
  EXPECT_EQ(body.at("file").at("filename"), "a %22b%22.wav");
  EXPECT_EQ(body.at("file").at("type"), "audio/wav");
  EXPECT_EQ(body.at("file").at("bytes"), file.bytes);
  EXPECT_EQ(body.at("file").at("sha256").as_string(), file.sha256);
}

TEST_F(OpenAiFormsTest, ATranscriptionIsToldInPiecesWhereTheServerKnowsStreams) {
  const auto streams = [](OpenAiOptions& options) {
    options.stream_transcripts = true;
    options.max_retries = 0;
  };
  given(Operation::kTranscription, "transcript#stream", streams);
  given(Operation::kTranscription, "transcript#cut?cut=1", streams);
  given(Operation::kTranslation, "transcript#english", streams);
  for (const char* const format : {"json", "text"}) {
    const auto record = run_with({{"response_format", format}}, sound());
    ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
    EXPECT_EQ(record.text, "Hello – there");
    EXPECT_EQ(record.result.at("text"), "Hello – there");
    EXPECT_EQ(record.result.at("usage").at("total_tokens"), 17);
    EXPECT_EQ(last("transcript#stream").at("body").at("stream"), "true");
  }
  ASSERT_EQ(run_with({{"response_format", "srt"}}, sound()).state, GenerationState::kSucceeded);
  EXPECT_FALSE(last("transcript#stream").at("body").as_object().contains("stream")) << "it has no pieces";
  const auto cut = run_with({}, sound(), 1);
  ASSERT_EQ(cut.state, GenerationState::kFailed);
  EXPECT_EQ(cut.error->code, error_code::kUpstreamBroken);
  EXPECT_EQ(cut.text, "Hello – there") << "what came stays";
  ASSERT_EQ(run_with({}, sound(), 2).state, GenerationState::kSucceeded);
  EXPECT_FALSE(last("transcript#english").at("body").as_object().contains("stream"));
}

TEST_F(OpenAiFormsTest, TextFormsAreTheGenerationsText) {
  given(Operation::kTranslation, "transcript");
  for (const auto& [format, begin, type] : {std::tuple{"text", "Hello", "text/plain"},
                                            {"srt", "1\n00:", "application/x-subrip"},
                                            {"vtt", "WEBVTT", "text/vtt"}}) {
    const auto record = run_with({{"response_format", format}}, sound());
    ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
    EXPECT_TRUE(record.text.starts_with(begin)) << record.text;
    EXPECT_EQ(record.result.at("media_type"), type);
  }
  EXPECT_EQ(last("transcript").at("target"), "/v1/audio/translations");
}

TEST_F(OpenAiFormsTest, ATextOfATypeThatIsNoneIsPlain) {
  given(Operation::kTranslation, "transcript?type=text/[x]");
  const auto record = run_with({{"response_format", "text"}}, sound());
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_EQ(record.result.at("media_type"), "text/plain");
}

TEST_F(OpenAiFormsTest, AnImageEditSendsItsImages) {
  given(Operation::kImageEdits, "images");
  const auto record =
      run_with({{"prompt", "a hat"}, {"size", "512x512"}},
               {{"image", files_.add("one", "image/png")}, {"mask", files_.add("two", "image/png")}});
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  ASSERT_EQ(record.artifacts.size(), 1U);
  const Json body = last("images").at("body");
  EXPECT_EQ(last("images").at("target"), "/v1/images/edits");
  EXPECT_EQ(body.at("image").at("filename"), "image.png");
  EXPECT_EQ(body.at("mask").at("bytes"), 3);
  EXPECT_EQ(body.at("response_format"), "b64_json");
}

TEST_F(OpenAiFormsTest, BadAnswersFailWithTheirReason) {
  struct Case {
    std::string mode;
    ErrorCode code;
    std::string word;
  };
  const std::vector<Case> cases = {
      {"html", error_code::kUpstreamBroken, "text/html"},
      {"error_json", error_code::kUpstreamFailed, "engine is gone"},
      {"body?text={}", error_code::kUpstreamBroken, "has no text"},
      {"body?text={\"text\":5}", error_code::kUpstreamBroken, "has no text"},
      {"body?text=[]", error_code::kUpstreamBroken, "no object"},
      {"body?text={\"text\":\"a", error_code::kUpstreamBroken, "JSON"},
      {"raw?hex=61ff", error_code::kUpstreamBroken, "not UTF-8"},
      {"raw?hex=61&type=audio/wav", error_code::kUpstreamBroken, "audio/wav"},
      {"transcript?cut=1", error_code::kUpstreamBroken, "ended before it was complete"},
      {"speech?type=text/plain&bytes=70000", error_code::kOutputTooLarge, "max_response_bytes"},
      {"invalid", error_code::kUpstreamRejected, "400"},
      {"reset", error_code::kUpstreamBroken, "without an answer"},
  };
  for (const Case& c : cases) {
    given(Operation::kTranscription, c.mode,
          [](OpenAiOptions& options) { options.max_response_bytes = 65536; });
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Case& c = cases[i];
    const auto record = run_with({{"response_format", "text"}}, sound(), i);
    ASSERT_EQ(record.state, GenerationState::kFailed) << c.mode;
    EXPECT_EQ(record.error->code, c.code) << c.mode << ": " << record.error->message;
    EXPECT_THAT(record.error->message, HasSubstr(c.word)) << c.mode;
    EXPECT_EQ(record.text, "") << c.mode;
  }
}

TEST_F(OpenAiFormsTest, AreSentOnceWhereTheModelSaysSo) {
  on_lost_ = OnLost::kFail;
  given(Operation::kTranscription, "reset", [](OpenAiOptions& options) { options.max_retries = 2; });
  EXPECT_EQ(run_with({}, sound()).state, GenerationState::kFailed);
  EXPECT_EQ(calls("reset"), 1);
}

TEST_F(OpenAiFormsTest, OtherServersAreAskedBeforeAnythingIsThere) {
  OpenAiUpstream bad;
  bad.base_url = base_url();
  bad.model = "reset";
  bad.name = "bad";
  OpenAiUpstream good = bad;
  good.model = "transcript#good";
  good.name = "good";
  good.weight = 0;
  given(Operation::kTranscription, "", [&](OpenAiOptions& options) {
    options.base_url.clear();
    options.upstreams = {bad, good};
  });
  const InputFiles files = sound();
  EXPECT_EQ(run_with({}, files).state, GenerationState::kSucceeded);
  EXPECT_EQ(last("transcript#good").at("body").at("file").at("sha256").as_string(), files.at("file").sha256);
  EXPECT_EQ(last("transcript#good").at("body").at("model"), "transcript#good");
}

TEST_F(OpenAiFormsTest, FilesThatAreMissingSpoiltOrTooLargeAreSentNowhere) {
  memory_ = std::make_unique<MemoryBudget>(std::size_t{4} << 20U);
  given(Operation::kTranscription, "transcript");
  EXPECT_EQ(run_with({}, {}).error->details.at("field"), "/input/file");
  EXPECT_EQ(run_with({}, {{"image", files_.add("a", "image/png")}}).error->details.at("field"),
            "/input/image");
  EXPECT_EQ(run_with({}, sound(std::string(3'000'000, 'x'))).error->code, error_code::kOverloaded);
  const InputFiles spoilt = sound("spoilt");
  files_.spoil(spoilt.at("file"));
  EXPECT_EQ(run_with({}, spoilt).error->code, error_code::kFileStoreFailed);
  EXPECT_EQ(calls("transcript"), 0);
}

TEST(OpenAiForms, CannotBeEndedByWhatIsInThem) {
  OpenAiOptions options;
  options.model = "m";
  options.operation = Operation::kTranscription;
  const InputFiles files{{"file", {.bytes = 1, .media_type = "audio/wav", .filename = "a\r\nX: y\".wav"}}};
  EXPECT_EQ(openai::form_request_body(JsonObject{{"a\"\n", true}, {"file", "x"}}, files, options, "B"),
            "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"a%22%0A\"\r\n\r\ntrue\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%0D%0AX: y%22.wav\"\r\n"
            "Content-Type: audio/wav\r\n\r\nx\r\n--B--\r\n");
}

TEST(OpenAiForms, SendSeveralImagesAsAListInTheirOrder) {
  OpenAiOptions options;
  options.model = "m";
  options.operation = Operation::kImageEdits;
  const FileReference png{.bytes = 1, .media_type = "image/png"};
  const auto names = [&](const InputFiles& files) {
    JsonObject input;
    for (const auto& [member, file] : files) input[member] = member;
    const std::string form = openai::form_request_body(input, files, options, "B");
    std::string found;
    for (std::size_t at = form.find("; filename="); at != std::string::npos;
         at = form.find("; filename=", at + 1)) {
      const std::size_t name = form.rfind("name=\"", at - 1) + 6;
      const std::size_t bytes = form.find("\r\n\r\n", at) + 4;
      found +=
          form.substr(name, at - 1 - name) + '=' + form.substr(bytes, form.find("\r\n", bytes) - bytes) + ' ';
    }
    return found;
  };
  EXPECT_EQ(names({{"image", png}, {"mask", png}}), "image=image mask=mask ");
  EXPECT_EQ(names({{"image", png}, {"image_10", png}, {"image_2", png}, {"mask", png}}),
            "image[]=image mask=mask image[]=image_2 image[]=image_10 ");
  const auto checked = [&](const char* member) {
    const InputFiles files{{"image", png}, {member, png}};
    return openai::check_operation_files(Operation::kImageEdits, files).ok();
  };
  for (const char* const member : {"image_2", "image_16", "mask"}) EXPECT_TRUE(checked(member)) << member;
  for (const char* const member : {"image_", "image_0", "image_1", "image_02", "image_17", "image_2x",
                                   "image_-2", "image_99999999999999999999", "images", "file"})
    EXPECT_FALSE(checked(member)) << member;
}

TEST(OpenAiForms, RefuseFormatsThatNobodyKnows) {
  OpenAiOptions options;
  options.base_url = "http://127.0.0.1:8000/v1";
  options.model = "tiny";
  options.operation = Operation::kTranscription;
  const auto generator = make_openai_generator(options).value();
  for (const auto& [input, field] :
       {std::pair{JsonObject{{"response_format", "docx"}}, "/input/response_format"},
        {JsonObject{{"model", "m"}}, "/input/model"},
        {JsonObject{{"stream", true}}, "/input/stream"}}) {
    const auto checked = generator->check_input(input);
    ASSERT_FALSE(checked.ok()) << to_json_text(input);
    EXPECT_EQ(checked.error().details.at("field").as_string(), field);
  }
}

}  // namespace
}  // namespace shunt::generation
