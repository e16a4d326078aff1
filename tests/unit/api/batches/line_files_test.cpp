#include "batches/line_files.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace shunt::api::batches {
namespace {

constexpr WallTime kNow{std::chrono::milliseconds(1'795'876'800'000)};

// A model with two files, and a store with one of ann's.
class LineFiles : public ::testing::Test {
 protected:
  LineFiles() {
    std::map<std::string, InputRule> rules;
    rules["image"].type = InputRule::Type::kFile;
    rules["image"].types = {"image/*"};
    rules["image"].max_bytes = 8;
    rules["image"].urls = {InputRule::Url::kData, InputRule::Url::kHttps};
    rules["mask"].type = InputRule::Type::kFile;
    model_.input_rules = *InputRules::compile(std::move(rules));
    file_ = keep("image/png", "1234");
  }
  ~LineFiles() override { std::filesystem::remove_all(folder_); }

  std::string keep(const std::string& media_type, const std::string& bytes) {
    auto upload = store_->begin_upload();
    EXPECT_TRUE(upload.ok());
    EXPECT_TRUE((*upload)->append(bytes).ok());
    FileRecord record;
    record.caller = "key:ann";
    record.media_type = media_type;
    record.created_at = kNow;
    record.expires_at = kNow + std::chrono::hours(1);
    return store_->keep(**upload, std::move(record), {})->id;
  }
  // "ok" and the members that have files, or the error's code and field.
  std::string outcome(const std::string& input, const std::string& caller = "key:ann") {
    GenerationRequest request;
    request.input = *parse_json(input);
    const FileUse use{
        .caller = caller, .now = kNow, .until = kNow + std::chrono::hours(2), .quota = {.max_bytes = 40}};
    const auto taken = take_line_files(*store_, model_, use, request);
    if (!taken) {
      const Json* const field = taken.error().details.if_contains("field");
      return taken.error().code.to_string() + ' ' + (field == nullptr ? "" : std::string(field->as_string()));
    }
    std::string members = "ok";
    for (const auto& [member, file] : request.files)
      members += ' ' + member + '=' + std::to_string(file.bytes);
    return members + ' ' + to_json_text(request.input);
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("shunt-line-files-" + std::to_string(::getpid()));
  std::unique_ptr<FileStore> store_ = make_directory_file_store(folder_);
  Model model_;
  std::string file_;
};

TEST_F(LineFiles, AreThoseThatTheOwnerKeepsOrSendsAlong) {
  EXPECT_EQ(outcome(R"({"image":{"file":")" + file_ + R"("},"size":1})"), R"(ok image=4 {"size":1})");
  EXPECT_EQ(outcome(R"({"image":"data:image/png;base64,MTIz"})"), "ok image=3 {}");
  EXPECT_EQ(outcome(R"({"mask":{"file":")" + file_ + R"("},"image":{"file":")" + file_ + R"("}})"),
            "ok image=4 mask=4 {}");
  EXPECT_EQ(outcome("{}"), "ok {}");
}

TEST_F(LineFiles, AreRefusedByTheNameOfTheirMember) {
  const std::string text = keep("text/plain", "1234");
  const std::string big = keep("image/png", "123456789");
  const std::vector<std::pair<std::string, std::string>> refused{
      {R"({"image":{"file":"file-0123456789abcdef0123456789abcdef"}})", "invalid_input /input/image"},
      {R"({"image":{"file":"../../etc/passwd"}})", "invalid_input /input/image"},
      {R"({"image":{"file":7}})", "invalid_input /input/image"},
      {R"({"image":{"file":")" + file_ + R"(","more":1}})", "invalid_input /input/image"},
      {R"({"image":"text"})", "invalid_input /input/image"},
      {R"({"image":"https://example.com/a.png"})", "invalid_request /image"},
      {R"({"mask":"data:image/png;base64,MTIz"})", "invalid_input /input/mask"},
      {R"({"image":"data:image/png;base64,#"})", "file_not_fetched /input/image"},
      {R"({"image":"data:text/plain;base64,MTIz"})", "invalid_input /input/image"},
      {R"({"image":"data:image/png;base64,MTIzNDU2Nzg5"})", "invalid_input /input/image"},
      {R"({"image":{"file":")" + text + R"("}})", "invalid_input /input/image"},
      {R"({"image":{"file":")" + big + R"("}})", "invalid_input /input/image"},
  };
  for (const auto& [input, expected] : refused) EXPECT_EQ(outcome(input), expected) << input;
}

TEST_F(LineFiles, OfAnotherCallerAreNone) {
  EXPECT_EQ(outcome(R"({"image":{"file":")" + file_ + R"("}})", "key:bob"), "invalid_input /input/image");
  EXPECT_EQ(outcome(R"({"image":{"file":")" + file_ + R"("}})", ""), "invalid_input /input/image");
}

class ReadsMessageFiles final : public Generator {
 public:
  [[nodiscard]] bool takes_message_files() const noexcept override { return true; }
  void start(std::shared_ptr<GenerationRun> run) override { run->succeed(); }
};

TEST_F(LineFiles, ThatMessagesNameStayThereAndAreGivenByTheirIds) {
  model_.generator = std::make_shared<ReadsMessageFiles>();
  const auto naming = [](const std::string& id) {
    return R"({"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":")" + id + R"("}}]}]})";
  };
  EXPECT_EQ(outcome(naming(file_)), "ok " + file_ + "=4 " + naming(file_));
  EXPECT_EQ(outcome(naming(file_), "key:bob"), "invalid_input /input/messages/0/content/0/file/file_id");
  EXPECT_EQ(outcome(naming("../x")), "invalid_input /input/messages/0/content/0/file/file_id");
}

}  // namespace
}  // namespace shunt::api::batches
