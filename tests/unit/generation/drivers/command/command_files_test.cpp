#include <filesystem>

#include "kept_fixture.hpp"
#include "shunt/generation/error_codes.hpp"

// Files of callers, as programs get them.
namespace shunt::testing {
namespace {

const std::string kLarge(700'000, 'x');  // several pieces

CommandOptions with_image(const std::string& script) {
  CommandOptions options;
  options.argv = {"sh", "-c", script, "sh", "{input.image}"};
  return options;
}

TEST_F(CommandTest, AFileIsAPathOfTheProgramsOwn) {
  const FileReference png = files_.add(kLarge, "image/png", "../../a cat.png");
  open(with_image(R"(echo "$1"; wc -c < "$1"; stat -c %a "$1"; cat)"), {}, image_rules());
  const auto record = run_with({{"image", png}}, {{"n", 1}});
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  const std::string path = record.text.substr(0, record.text.find('\n'));
  EXPECT_TRUE(path.ends_with("/in/image.png")) << path;
  EXPECT_EQ(record.text, path + "\n700000\n600\n{\"n\":1,\"image\":\"" + path + "\"}");
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(path); })) << "it goes with the run's folder";
}

TEST_F(CommandTest, AConfinedProgramReadsItsFileAndNoOtherRuns) {
  CommandOptions options = with_image(R"(cat "$1"; ls "$(dirname "$1")/../../" 2>&1 | wc -l)");
  options.confine = CommandOptions::Confine::kFiles;
  open(std::move(options), {}, image_rules());
  const auto record = run_with({{"image", files_.add("pixels", "image/webp")}});
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_TRUE(record.text.starts_with("pixels1")) << record.text << ": one line, which says that it may not";
}

TEST_F(CommandTest, AProgramMayWriteToItsFileAndTheStoresStays) {
  const FileReference png = files_.add("pixels", "image/png");
  open(with_image(R"(cat "$1"; echo spoilt > "$1")"), {}, image_rules());
  EXPECT_EQ(run_with({{"image", png}}).text, "pixels");
  EXPECT_EQ(run_with({{"image", png}}).text, "pixels");
}

TEST_F(CommandTest, AMemberWhoseNameCannotBeAFilesGetsANumber) {
  std::map<std::string, InputRule> rules;
  rules["../x"].type = InputRule::Type::kFile;
  CommandOptions options = shell("cat");
  open(std::move(options), {}, std::move(rules));
  const auto record = run_with({{"../x", files_.add("a", "text/plain")}});
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_NE(record.text.find("/in/+0.txt"), std::string::npos) << record.text;
}

TEST_F(CommandTest, AFileThatIsGoneOrSpoiltFailsTheGeneration) {
  FileReference gone = files_.add("a", "image/png");
  gone.sha256 = std::string(64, '0');
  const FileReference spoilt = files_.add("abc", "image/png");
  files_.spoil(spoilt);
  open(with_image("echo never"), {}, image_rules());
  EXPECT_EQ(run_with({{"image", gone}}).error->code, error_code::kFileGone);
  const auto record = run_with({{"image", spoilt}});
  EXPECT_EQ(record.error->code, error_code::kFileStoreFailed);
  EXPECT_EQ(record.text, "");
}

TEST_F(CommandTest, AFileThatBreaksItsRuleIsRefused) {
  open(with_image("echo never"), {}, image_rules());
  GenerationRequest text = request();
  text.files = {{"image", files_.add("a", "text/plain")}};
  const auto refused = [this](GenerationRequest asked) {
    return std::holds_alternative<executor::Refused>(client_.submit(std::move(asked)));
  };
  EXPECT_TRUE(refused(std::move(text)));
  EXPECT_TRUE(refused(request({{"image", "/etc/passwd"}})));
  EXPECT_TRUE(refused(request())) << "argv needs it";
}

const std::string kSayFile = R"(file=${line##*'"image":"'}; file=${file%%'"'*}
    say delta '"text":"'"$(head -c 6 "$file") ${file#"$folder"}"'"'; say result)";

TEST_F(KeptTest, AKeptProgramGetsAFileInTheFolderOfItsRun) {
  open(kept(kSayFile), {}, image_rules());
  EXPECT_EQ(run_with({{"image", files_.add("pixels", "image/png")}}).text, "pixels /in/image.png");
  EXPECT_EQ(run_with({{"image", files_.add("others", "image/gif")}}).text, "others /in/image.gif");
  expect_next_succeeds();
  EXPECT_EQ(status().starts, 1U);
}

TEST_F(KeptTest, AConfinedKeptProgramReadsItsFile) {
  CommandOptions options = kept(kSayFile);
  options.confine = CommandOptions::Confine::kFiles;
  open(std::move(options), {}, image_rules());
  EXPECT_EQ(run_with({{"image", files_.add("pixels", "image/png")}}).text, "pixels /in/image.png");
}

TEST_F(KeptTest, AFileThatIsGoneFailsTheRunAndTheProgramKnowsNothingOfIt) {
  FileReference gone = files_.add("a", "image/png");
  gone.sha256 = std::string(64, '0');
  open(kept(kSayFile), {}, image_rules());
  expect_failed(run_with({{"image", gone}}), error_code::kFileGone);
  EXPECT_EQ(run_with({{"image", files_.add("pixels", "image/png")}}).text, "pixels /in/image.png");
  EXPECT_EQ(status().starts, 1U);
}

}  // namespace
}  // namespace shunt::testing
