#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "command_fixture.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::testing {
namespace {

using InputMode = CommandOptions::InputMode;
using OutputMode = CommandOptions::OutputMode;

TEST_F(CommandTest, PassesTheInputAsJsonOnStdinAndTheOutputAsText) {
  open(shell("cat"));
  const auto record = run({{"text", "h\u00e9llo"}, {"n", 1}});
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, R"({"text":"héllo","n":1})");
}

TEST_F(CommandTest, PassesOneMemberAsTextOnStdin) {
  CommandOptions options = shell("tr a-z A-Z");
  options.input = InputMode::kStdinText;
  options.input_text_field = "prompt";
  open(std::move(options));
  EXPECT_EQ(run({{"prompt", "shout\nthis"}}).text, "SHOUT\nTHIS");
  const auto outcome = client_.submit(request({{"text", "wrong member"}}));
  EXPECT_EQ(std::get<executor::Refused>(outcome).error.details.at("field"), "/input/prompt");
}

TEST_F(CommandTest, PassesTheInputInAFileAndReadsTheOutputFromOne) {
  CommandOptions options;
  options.argv = {"cp", "{input_file}", "{output_file}"};
  options.input = InputMode::kFile;
  options.output = OutputMode::kArtifact;
  options.artifact_name = "copy.json";
  options.artifact_media_type = "application/json";
  open(std::move(options));
  const auto record = run({{"x", 1}});
  ASSERT_EQ(record.artifacts.size(), 1U);
  EXPECT_EQ(record.artifacts[0].name, "copy.json");
  EXPECT_EQ(record.artifacts[0].media_type, "application/json");
  EXPECT_EQ(*record.artifacts[0].bytes, R"({"x":1})");
}

TEST_F(CommandTest, ReadsTheOutputAsAJsonResult) {
  CommandOptions options = shell("echo '{\"words\": [1, 2]}'");
  options.output = OutputMode::kJson;
  open(std::move(options));
  EXPECT_EQ(to_json_text(run().result), R"({"words":[1,2]})");
}

TEST_F(CommandTest, SpeaksWithARealSpeechProgram) {
  CommandOptions options;
  options.argv = {"espeak-ng", "-w", "{output_file}", "-v", "{input.voice}", "--stdin"};
  options.defaults = {{"voice", "en"}};
  options.input = InputMode::kStdinText;
  options.output = OutputMode::kArtifact;
  options.artifact_name = "audio.wav";
  options.confine = CommandOptions::Confine::kFiles;
  InputRule voice;
  voice.type = InputRule::Type::kString;
  open(std::move(options), {}, {{"voice", voice}});
  const auto record = run({{"text", "hello"}});
  ASSERT_EQ(record.artifacts.size(), 1U) << (record.error ? record.error->message : "");
  const std::string& wav = *record.artifacts[0].bytes;
  ASSERT_GT(wav.size(), 10'000U);
  EXPECT_EQ(wav.substr(0, 4), "RIFF");
  std::uint32_t riff_bytes = 0;
  std::uint32_t data_bytes = 0;
  std::memcpy(&riff_bytes, wav.data() + 4, sizeof riff_bytes);
  std::memcpy(&data_bytes, wav.data() + 40, sizeof data_bytes);
  EXPECT_EQ(riff_bytes + 8, wav.size()) << "the header tells another length than the file has";
  EXPECT_EQ(data_bytes + 44, wav.size());
  int loudest = 0;
  for (std::size_t at = 44; at + 1 < wav.size(); at += 2) {
    std::int16_t sample = 0;
    std::memcpy(&sample, wav.data() + at, sizeof sample);
    loudest = std::max(loudest, std::abs(static_cast<int>(sample)));
  }
  EXPECT_GT(loudest, 1'000) << "silence";
}

TEST_F(CommandTest, StreamsTextAsItComes) {
  const std::string folder = ::testing::TempDir() + "shunt_stream_" + std::to_string(::getpid());
  std::filesystem::create_directory(folder);
  const std::string fifo = folder + "/go";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  open(shell("echo first; read -r go < " + fifo + "; echo second"));
  const GenerationId id = start();
  EXPECT_EQ(wait_for_text(id), "first\n");
  std::ofstream(fifo) << "go\n";
  EXPECT_EQ(client_.wait_for_end(id).text, "first\nsecond\n");
  std::filesystem::remove_all(folder);
}

TEST_F(CommandTest, TurnsStderrIntoLogsAndProgress) {
  CommandOptions options =
      shell("echo 'progress: 25% loading' >&2; echo 'a warning' >&2; printf 'no newline' >&2");
  options.stderr_to_caller = true;
  open(std::move(options));
  const GenerationId id = start();
  client_.wait_for_end(id);
  std::vector<std::string> seen;
  for (const auto& event : client_.events(id)) {
    if (const auto* log = std::get_if<event::Log>(&event.payload)) seen.push_back(log->message);
    if (const auto* progress = std::get_if<event::Progress>(&event.payload)) {
      EXPECT_EQ(progress->fraction, 0.25);
      seen.push_back(progress->message);
    }
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"loading", "a warning", "no newline"}));
}

TEST_F(CommandTest, KeepsStderrFromCallersUnlessToldOtherwise) {
  open(shell("echo 'progress: 25% loading' >&2; echo 'root:x:0:0' >&2; exit 3"));
  const GenerationId id = start();
  const auto record = client_.wait_for_end(id);
  EXPECT_FALSE(record.error->details.contains("stderr"));
  bool progress = false;
  for (const auto& event : client_.events(id)) {
    EXPECT_FALSE(std::holds_alternative<event::Log>(event.payload));
    progress |= std::holds_alternative<event::Progress>(event.payload);
  }
  EXPECT_TRUE(progress);
}

TEST_F(CommandTest, ShowsCallersNoControlCharactersOfStderr) {
  CommandOptions options = shell("printf '\\033[31mred\\302\\233x\\377' >&2; exit 3");
  options.stderr_to_caller = true;
  open(std::move(options));
  EXPECT_EQ(run().error->details.at("stderr"), "\\x1b[31mred\\x9bx\uFFFD\n");
}

TEST_F(CommandTest, GivesTheProgramOnlyTheEnvironmentThatIsAllowed) {
  ::setenv("SHUNT_TEST_SECRET", "s3cret", 1);
  ::setenv("SHUNT_TEST_PASSED", "through", 1);
  CommandOptions options = shell("env | sort");
  options.pass_environment = {"PATH", "SHUNT_TEST_PASSED", "NOT_SET_ANYWHERE"};
  options.set_environment = {{"EXTRA", "1"}};
  open(std::move(options));
  const std::string text = run().text;
  EXPECT_EQ(text.find("s3cret"), std::string::npos);
  EXPECT_NE(text.find("SHUNT_TEST_PASSED=through\n"), std::string::npos);
  EXPECT_NE(text.find("EXTRA=1\n"), std::string::npos);
}

TEST_F(CommandTest, GivesTheProgramTheTraceContextOfItsRequest) {
  CommandOptions options = shell("env | grep ^TRACE | sort");
  options.set_environment = {{"TRACEPARENT", "of another trace"}};
  open(std::move(options));
  GenerationRequest traced = request();
  traced.context.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  traced.context.tracestate = "vendor=x";
  EXPECT_EQ(client_.wait_for_end(client_.start(traced)).text,
            "TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\nTRACESTATE=vendor=x\n");
  EXPECT_EQ(run().text, "TRACEPARENT=of another trace\n");
}

TEST_F(CommandTest, RunsInAFolderOfItsOwnThatIsRemoved) {
  open(shell("pwd; echo x > file; ls"));
  const std::string text = run().text;
  const std::string folder = text.substr(0, text.find('\n'));
  EXPECT_EQ(text.substr(folder.size()), "\nfile\n");
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(folder); }));
}

TEST_F(CommandTest, RunsWithDefaultSignalsAndNoForeignDescriptors) {
  ::signal(SIGPIPE, SIG_IGN);
  open(shell("grep -E 'Sig(Ign|Blk)' /proc/self/status; ls /proc/self/fd | tr '\\n' ' '"));
  const std::string text = run().text;
  EXPECT_NE(text.find("SigBlk:\t0000000000000000"), std::string::npos) << text;
  EXPECT_NE(text.find("SigIgn:\t0000000000000000"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("0 1 2 3 ")) << text;  // 3 is ls's own, on the folder it lists
}

TEST_F(CommandTest, KeepsBytesAndCutSequencesOfTextWhole) {
  // Half a sequence, a pause of another write, the other half; then a byte that is no UTF-8.
  open(shell("printf 'caf\\303'; sleep 0.05; printf '\\251 \\377'"));
  EXPECT_EQ(run().text, "caf\u00e9 \ufffd");
}

TEST_F(CommandTest, DeliversABinaryArtifactOf64MiBWhole) {
  CommandOptions options = shell("head -c 67108864 /dev/zero | tr '\\0' '\\200'");
  options.output = OutputMode::kArtifact;
  open(std::move(options));
  const auto record = run();
  ASSERT_EQ(record.artifacts.size(), 1U) << (record.error ? record.error->message : "");
  EXPECT_EQ(record.artifacts[0].size(), 67'108'864U);
  EXPECT_EQ(record.artifacts[0].bytes->find_first_not_of('\x80'), std::string::npos);
}

TEST_F(CommandTest, AProgramNeedNotReadItsInput) {
  open(shell("exec <&-; echo done"));
  EXPECT_EQ(run({{"text", std::string(900'000, 'x')}}).text, "done\n");
}

TEST_F(CommandTest, AnEmptyOutputIsAResult) {
  CommandOptions options = shell("true");
  options.output = OutputMode::kArtifact;
  open(std::move(options));
  const auto record = run();
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.artifacts.at(0).size(), 0U);
}

TEST_F(CommandTest, LeavesNoZombieNoDescriptorAndNoFolderBehind) {
  open(shell("cat > /dev/null; echo x; echo y >&2"));
  const auto count = [](const char* folder) {
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
  };
  // Each loop opens its epoll and timer descriptors with its first program.
  for (int i = 0; i < 8; ++i) run({{"text", "warm"}});
  const auto descriptors = count("/proc/self/fd");
  std::vector<GenerationId> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(start({{"text", "x"}}));
  for (const GenerationId& id : ids) EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kSucceeded);
  EXPECT_TRUE(eventually([&] { return count("/proc/self/fd") <= descriptors; })) << count("/proc/self/fd");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was not reaped";
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace shunt::testing
