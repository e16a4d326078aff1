#include "kept_fixture.hpp"
#include "shunt/generation/error_codes.hpp"

// Kept programs that do what they should not: only the generation inside is hurt.
namespace shunt::testing {
namespace {

// A run that is told to be well is; the others do `otherwise`.
std::string unless_well(const std::string& otherwise) {
  return "case $line in *'\"well\"'*) say result;; *) " + otherwise + ";; esac";
}

TEST_F(KeptTest, AProgramThatEndsInARunFailsThatRunAlone) {
  open(kept(unless_well("say delta '\"text\":\"so far\"'; echo secret >&2; exit 3")));
  expect_next_succeeds();
  const auto record = run();
  expect_failed(record, error_code::kProgramExited, "code 3");
  EXPECT_EQ(record.error->details.at("exit_code"), 3);
  EXPECT_EQ(record.text, "so far");
  EXPECT_FALSE(record.error->details.contains("stderr"));
  expect_next_succeeds();
  EXPECT_EQ(ends("exited"), 1U);
  EXPECT_EQ(status().starts, 2U);
}

class KeptStderrTest : public KeptTest {
 protected:
  // `says` writes "words of $id" in each run; the second one fails.
  void expect_own_words(const std::string& says) {
    CommandOptions options = kept(says + " >&2; " + unless_well("exit 3"));
    options.stderr_to_caller = true;
    open(std::move(options));
    expect_next_succeeds();
    const GenerationId id = start();
    const auto record = client_.wait_for_end(id);
    expect_failed(record, error_code::kProgramExited);
    const std::string tail(record.error->details.at("stderr").as_string());
    EXPECT_EQ(tail, "words of " + id.to_string() + ".2\n") << "another run's words are not this one's";
  }
};

TEST_F(KeptStderrTest, IsToldToCallersWhereTheyMaySeeIt) {
  expect_own_words("echo \"words of $id\"");
}

TEST_F(KeptStderrTest, AnUnfinishedLineIsOfTheRunThatWroteIt) {
  expect_own_words("printf 'words of %s' \"$id\"");
}

TEST_F(KeptTest, AProgramThatIsKilledInARunSaysBySignal) {
  open(kept(unless_well("kill -9 $$")));
  const auto record = run();
  expect_failed(record, error_code::kProgramKilled, "SIGKILL");
  expect_next_succeeds();
}

TEST_F(KeptTest, AProgramThatEndsWithoutAnAnswerFailsTheRunAlsoWithCodeZero) {
  open(kept(unless_well("exit 0")));
  expect_failed(run(), error_code::kProgramExited, "before it had answered");
  expect_next_succeeds();
}

TEST_F(KeptTest, AProgramThatEndsBetweenRunsHurtsNobody) {
  open(kept("say delta '\"text\":\"x\"'; say result; exit 1"));
  // One that comes while the program ends is given to it, and fails with it.
  for (std::uint64_t i = 1; i <= 10; ++i) {
    EXPECT_EQ(run().state, GenerationState::kSucceeded);
    EXPECT_TRUE(eventually([&] { return ends("exited") == i; }));
  }
}

TEST_F(KeptTest, AProgramThatDoesNotLetGoIsKilledAndStartedAgain) {
  open(raw("trap '' TERM; echo '{\"type\":\"ready\",\"protocol\":1}'",
           unless_well("while :; do sleep 0.05; done")));
  expect_next_succeeds();
  const GenerationId id = start();
  EXPECT_TRUE(eventually([&] { return status().busy == 1; }));
  ASSERT_TRUE(client_.cancel(id, "enough").ok());
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kCancelled);
  expect_next_succeeds();
  EXPECT_EQ(ends("unanswered"), 1U);
}

TEST_F(KeptTest, AHangEndsByTheDeadline) {
  open(kept(unless_well("while :; do sleep 0.05; done")),
       // The program's start is in it, too.
       [](Model& model) { model.timeout = std::chrono::seconds(2); });
  expect_next_succeeds();
  expect_failed(run(), error_code::kDeadlineExceeded);
  expect_next_succeeds();
}

struct Lie {
  const char* name;
  std::string does;
  ErrorCode code;
  const char* words;
};

std::vector<Lie> lies() {
  return {
      {"Garbage", "echo Loading the model...", error_code::kInvalidOutput, "no JSON"},
      {"AnUnknownType", "say shout", error_code::kInvalidOutput, "unknown type"},
      {"ReadyAgain", "echo '{\"type\":\"ready\",\"protocol\":1}'", error_code::kInvalidOutput, "twice"},
      {"Progress", "say progress '\"fraction\":2'", error_code::kInvalidOutput, "from 0 to 1"},
      {"AnEndlessLine", "while :; do printf xxxxxxxxxxxxxxxx; done", error_code::kProgramLimit, "line"},
      {"AFlood", "while :; do say delta '\"text\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"'; done",
       error_code::kProgramLimit, "output"},
      {"AFloodOfOtherIds", "id=other; while :; do say delta '\"text\":\"xxxxxxxxxxxxxxxxxxxxx\"'; done",
       error_code::kProgramLimit, "output"},
      {"ClosedOutput", "exec 1>&-; sleep 30", error_code::kInvalidOutput,
       "closed its standard input or output"},
      {"AnArtifactElsewhere", "say artifact '\"path\":\"/etc/passwd\"'", error_code::kInvalidOutput,
       "is not a file in the folder"},
      {"AnArtifactAbove", "echo x > \"$folder/../x\"; say artifact '\"path\":\"../x\"'",
       error_code::kInvalidOutput, "is not a file in the folder"},
      {"ALink", "ln -s /etc/passwd \"$folder/x\"; say artifact '\"path\":\"x\"'", error_code::kInvalidOutput,
       "symbolic link"},
      {"AHardLink", "echo x > a; ln a \"$folder/x\"; say artifact '\"path\":\"x\"'",
       error_code::kInvalidOutput, "other names"},
      {"AFolder", "mkdir \"$folder/x\"; say artifact '\"path\":\"x\"'", error_code::kInvalidOutput,
       "a folder"},
      {"APipe", "mkfifo \"$folder/x\"; say artifact '\"path\":\"x\"'", error_code::kInvalidOutput,
       "named pipe"},
      {"NoFile", "say artifact '\"path\":\"x\"'", error_code::kInvalidOutput, "is not there"},
      {"AnotherFolder",
       "mv \"$folder\" moved; mkdir \"$folder\"; echo x > \"$folder/x\"; say artifact '\"path\":\"x\"'",
       error_code::kInvalidOutput, "is not there"},
  };
}

class KeptLie : public KeptTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(KeptLie, FailsItsRunAndTheProgramIsStartedAgain) {
  const Lie lie = lies().at(GetParam());
  CommandOptions options = kept(unless_well(lie.does));
  options.max_line_bytes = 100'000;
  options.max_output_bytes = 200'000;
  open(std::move(options));
  expect_next_succeeds();
  const auto record = run();
  expect_failed(record, lie.code, lie.words);
  expect_next_succeeds();
  EXPECT_TRUE(eventually([&] { return memory_->used(MemoryShare::kDrivers) == 0; }));
}
INSTANTIATE_TEST_SUITE_P(, KeptLie, ::testing::Range(std::size_t{0}, lies().size()),
                         [](const auto& row) { return lies().at(row.param).name; });

TEST_F(KeptTest, AFloodBetweenRunsEndsTheProgramAndHurtsNobody) {
  open(
      kept("say result; if [ \"$seen\" ]; then seen=; else seen=1; fi; "
           "(i=0; while [ $i -lt 30000 ]; do i=$((i+1)); echo "
           "'{\"type\":\"delta\",\"id\":\"gone\",\"text\":\"xxxxxxxxxxxxxxxxxxxx\"}'; done)"));
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
  EXPECT_TRUE(eventually([&] { return ends("broken") == 1; }));
  EXPECT_TRUE(eventually([&] { return status().idle == 1; }));
}

TEST_F(KeptTest, AProgramThatIsNeverReadyFailsWhatWaitsForIt) {
  CommandOptions options = raw("", "say result");
  options.ready_timeout = std::chrono::milliseconds(200);
  options.kill_after = std::chrono::milliseconds(200);
  open(std::move(options));
  const auto record = run();
  expect_failed(record, error_code::kProgramNotStarted, "200ms");
  EXPECT_TRUE(record.error->is_retryable());
  EXPECT_FALSE(status().failure.empty());
  EXPECT_TRUE(status().settled);
  EXPECT_GE(ends("never_ready"), 1U);
  // From then on nobody waits for it.
  expect_failed(run(), error_code::kProgramNotStarted, "200ms");
}

TEST_F(KeptTest, AProgramThatCannotBeStartedFailsAtOnceAndIsTriedAgain) {
  const std::string file = ::testing::TempDir() + "shunt_start_" + std::to_string(::getpid());
  std::filesystem::remove(file);
  open(raw("[ -e " + file + " ] || exit 7\necho '{\"type\":\"ready\",\"protocol\":1}'", "say result"));
  expect_failed(run(), error_code::kProgramNotStarted, "code 7 before it was ready");
  std::ofstream(file) << "there";
  EXPECT_TRUE(eventually([&] { return status().idle == 1; }));
  EXPECT_EQ(status().failure, "");
  expect_next_succeeds();
  std::filesystem::remove(file);
}

TEST_F(KeptTest, AProgramOfAnotherVersionOfTheProtocolIsToldApart) {
  open(raw("echo '{\"type\":\"ready\",\"protocol\":2}'", "say result"));
  expect_failed(run(), error_code::kProgramNotStarted, "speaks version 2");
}

TEST_F(KeptTest, AProgramThatPrintsBeforeItIsReadyIsTold) {
  open(raw("echo Loading...\necho '{\"type\":\"ready\",\"protocol\":1}'", "say result"));
  expect_failed(run(), error_code::kProgramNotStarted, "standard error");
}

TEST_F(KeptTest, AProgramThatDoesNotReadItsInputEndsByTheDeadline) {
  CommandOptions options = shell("echo '{\"type\":\"ready\",\"protocol\":1}'; exec sleep 1000");
  options.keep = 1;
  options.cancel_grace = std::chrono::milliseconds(200);
  open(std::move(options), [](Model& model) { model.timeout = std::chrono::milliseconds(300); });
  expect_failed(run({{"text", std::string(1'000'000, 'x')}}), error_code::kDeadlineExceeded);
}

TEST_F(KeptTest, AProgramThatHasClosedItsInputIsReplaced) {
  open(kept("case $line in *well*) say result;; *) say result; exec 0<&-; exec sleep 30;; esac"));
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
  expect_failed(run({{"well", true}}), error_code::kInvalidOutput, "closed its standard input or output");
  expect_next_succeeds();
}

class KeptMemory : public KeptTest {
 protected:
  // The drivers' share is 1.5 MiB.
  KeptMemory() { memory_ = std::make_unique<MemoryBudget>(std::size_t{16} << 20U); }
};

TEST_F(KeptMemory, AnswersThatDoNotFitEndTheProgram) {
  open(
      kept(unless_well("printf '{\"type\":\"result\",\"id\":\"%s\",\"result\":[0' \"$id\"; "
                       "head -c 400000 /dev/zero | tr '\\0' ',' | sed 's/,/,[]/g'; echo ']}'")));
  const auto record = run();
  expect_failed(record, error_code::kOverloaded);
  expect_next_succeeds();
  EXPECT_TRUE(eventually([&] { return memory_->used(MemoryShare::kDrivers) == 0; }));
}

}  // namespace
}  // namespace shunt::testing
