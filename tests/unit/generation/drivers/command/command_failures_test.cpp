#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "command_fixture.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/emulation.hpp"
#include "support/sanitized.hpp"

namespace shunt::testing {
namespace {

using std::chrono::milliseconds;

Error error_of(const GenerationRecord& record) {
  EXPECT_EQ(record.state, GenerationState::kFailed);
  return record.error.value_or(Error{"none", ""});
}

TEST_F(CommandTest, AProgramThatIsNotThereIsAnErrorAtConstruction) {
  for (const char* program : {"no-such-program-here", "/no/such/program", "/etc/passwd"}) {
    CommandOptions options;
    options.argv = {program};
    const auto generator = make_command_generator(std::move(options), loops_);
    ASSERT_FALSE(generator.ok()) << program;
    EXPECT_NE(generator.error().message.find(program), std::string::npos);
  }
}

TEST_F(CommandTest, AProgramThatVanishesLaterIsNotStarted) {
  const std::string program = ::testing::TempDir() + "shunt_vanishing_" + std::to_string(::getpid());
  std::filesystem::copy_file("/bin/true", program, std::filesystem::copy_options::overwrite_existing);
  CommandOptions options;
  options.argv = {program};
  open(std::move(options));
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
  std::filesystem::remove(program);
  const Error error = error_of(run());
  EXPECT_EQ(error.code, error_code::kProgramNotStarted);
  EXPECT_EQ(error.details.at("errno"), ENOENT);
}

// Wherever in a start they run out, it is that generation that fails.
TEST_F(CommandTest, AProcessWithoutDescriptorsStartsNoProgramAndGoesOn) {
  if (kSanitized) GTEST_SKIP() << "sanitizers need descriptors, too";
  open(shell("true"));
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::dup(0);  // the lowest that is free; others above it may be taken
  ::close(next);
  constexpr int kEnough = 200;
  int failed = 0;
  for (auto state = GenerationState::kFailed; state == GenerationState::kFailed && failed < kEnough;) {
    rlimit less = before;
    less.rlim_cur = static_cast<rlim_t>(next + failed);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &less), 0);
    const auto record = run();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    state = record.state;
    if (state != GenerationState::kFailed) continue;
    EXPECT_NE(log_text(*record.error).find("Too many open files"), std::string::npos)
        << failed << log_text(*record.error);
    ++failed;
  }
  EXPECT_GT(failed, 5);
  EXPECT_LT(failed, kEnough);
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
}

TEST_F(CommandTest, AWorkingDirectoryThatIsNotThereIsNamedAsTheReason) {
  CommandOptions options = shell("true");
  options.working_directory = "/no/such/folder";
  open(std::move(options));
  const Error error = error_of(run());
  EXPECT_EQ(error.code, error_code::kProgramNotStarted);
  EXPECT_NE(error.message.find("chdir"), std::string::npos) << error.message;
}

TEST_F(CommandTest, ANonZeroExitTellsCodeAndTheEndOfStderr) {
  CommandOptions options = shell("echo partial; echo 'model file is broken' >&2; exit 7");
  options.stderr_to_caller = true;
  open(std::move(options));
  const auto record = run();
  const Error error = error_of(record);
  EXPECT_EQ(error.code, error_code::kProgramExited);
  EXPECT_EQ(error.details.at("exit_code"), 7);
  EXPECT_EQ(error.details.at("stderr"), "model file is broken\n");
  EXPECT_EQ(record.text, "partial\n");
}

TEST_F(CommandTest, ADeathBySignalTellsItsName) {
  open(shell("kill -SEGV $$"));
  const Error error = error_of(run());
  EXPECT_EQ(error.code, error_code::kProgramKilled);
  EXPECT_EQ(error.details.at("signal"), "SIGSEGV");
}

TEST_F(CommandTest, OutputThatIsNoJsonIsInvalidOutputWithAnExcerpt) {
  CommandOptions options = shell("echo '{\"a\": oops}'");
  options.output = CommandOptions::OutputMode::kJson;
  open(std::move(options));
  const Error error = error_of(run());
  EXPECT_EQ(error.code, error_code::kInvalidOutput);
  EXPECT_EQ(error.details.at("output_excerpt"), "{\"a\": oops}\n");
}

TEST_F(CommandTest, AnOutputFileThatWasNotWrittenIsInvalidOutput) {
  CommandOptions options;
  options.argv = {"true", "{output_file}"};
  options.output = CommandOptions::OutputMode::kArtifact;
  open(std::move(options));
  EXPECT_EQ(error_of(run()).code, error_code::kInvalidOutput);
}

TEST_F(CommandTest, EndlessOutputIsStoppedAtItsLimit) {
  CommandOptions options = shell("yes");
  options.max_output_bytes = 100'000;
  open(std::move(options));
  const Error error = error_of(run());
  EXPECT_EQ(error.code, error_code::kProgramLimit);
  EXPECT_EQ(error.details.at("limit_name"), "output");
  EXPECT_EQ(error.details.at("limit"), 100'000);
}

TEST_F(CommandTest, AFileBeyondTheOutputLimitIsStopped) {
  CommandOptions options;
  options.argv = {"sh", "-c", "exec head -c 1000000 /dev/zero > \"$1\"", "sh", "{output_file}"};
  options.output = CommandOptions::OutputMode::kArtifact;
  options.max_output_bytes = 100'000;
  open(std::move(options));
  const Error error = error_of(run());
  EXPECT_EQ(error.code, error_code::kProgramLimit);
  EXPECT_EQ(error.details.at("limit_name"), "output");
}

TEST_F(CommandTest, BurningCpuIsStoppedAtItsLimit) {
  CommandOptions options = shell("while :; do :; done");
  options.max_cpu = std::chrono::seconds(1);
  open(std::move(options));
  const Error error = error_of(run());
  EXPECT_EQ(error.code, error_code::kProgramLimit);
  EXPECT_EQ(error.details.at("limit_name"), "cpu");
}

TEST_F(CommandTest, TooMuchMemoryIsRefusedByTheSystem) {
  if (is_emulated())
    GTEST_SKIP() << "qemu hands on no limit of the address space, which its own would be part of";
  CommandOptions options = shell("exec awk 'BEGIN { s = \"x\"; while (1) s = s s }'");
  options.max_memory_bytes = 50'000'000;
  open(std::move(options));
  const Error error = error_of(run());
  EXPECT_EQ(error.code, error_code::kProgramExited);
  EXPECT_NE(error.message.find("50000000 bytes"), std::string::npos) << error.message;
}

TEST_F(CommandTest, ADeadlineStopsTheProgram) {
  open(shell("echo $$; sleep 60"));
  std::string text;
  // Doubled until the program has told its number before, on a busy machine, too.
  for (milliseconds timeout(200); text.empty() && timeout < milliseconds(10'000); timeout *= 2) {
    GenerationRequest made = request();
    made.options.timeout = timeout;
    const auto record = client_.wait_for_end(client_.start(std::move(made)));
    EXPECT_EQ(error_of(record).code, error_code::kDeadlineExceeded);
    text = record.text;
  }
  const std::string pid = text.substr(0, text.find('\n'));
  ASSERT_FALSE(pid.empty());
  EXPECT_TRUE(eventually([&] { return !is_running(pid); }));
}

TEST_F(CommandTest, CancelKillsTheWholeGroup) {
  open(shell("sleep 60 & echo $!; wait"));
  const GenerationId id = start();
  std::string grandchild = wait_for_text(id);
  grandchild.pop_back();
  ASSERT_TRUE(is_running(grandchild));
  ASSERT_TRUE(client_.cancel(id, "enough").ok());
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kCancelled);
  EXPECT_TRUE(eventually([&] { return !is_running(grandchild); }));
}

TEST_F(CommandTest, AProgramThatIgnoresSigtermIsKilledAfterItsTime) {
  CommandOptions options = shell("trap '' TERM; echo $$; while :; do sleep 0.05; done");
  options.kill_after = milliseconds(150);
  open(std::move(options));
  const GenerationId id = start();
  std::string pid = wait_for_text(id);
  pid.pop_back();
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(client_.cancel(id, "").ok());
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kCancelled);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(150));
  EXPECT_TRUE(eventually([&] { return !is_running(pid); }));
}

TEST_F(CommandTest, AGrandchildThatKeepsThePipesOpenDoesNotHoldTheGeneration) {
  open(shell("sleep 60 & echo $!"));
  const auto record = run();
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_TRUE(eventually([&] { return !is_running(record.text.substr(0, record.text.size() - 1)); }));
}

TEST_F(CommandTest, AProcessThatLeftTheGroupDoesNotHoldTheGenerationEither) {
  open(shell("setsid sleep 30 & echo ok"));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
}

TEST_F(CommandTest, AChildDiesWithTheProcessThatStartedIt) {
  if (is_emulated()) GTEST_SKIP() << "starts a program of its own kind";
  FILE* const parent = ::popen(("exec " COMMAND_PARENT), "r");
  ASSERT_NE(parent, nullptr);
  int parent_pid = 0;
  int child_pid = 0;
  ASSERT_EQ(std::fscanf(parent, "%d %d", &parent_pid, &child_pid), 2);
  ASSERT_TRUE(is_running(std::to_string(child_pid)));
  ASSERT_EQ(::kill(parent_pid, SIGKILL), 0);
  ::pclose(parent);
  EXPECT_TRUE(eventually([&] { return !is_running(std::to_string(child_pid)); }));
}

}  // namespace
}  // namespace shunt::testing
