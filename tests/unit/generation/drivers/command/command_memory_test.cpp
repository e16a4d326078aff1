#include "command_fixture.hpp"
#include "shunt/generation/error_codes.hpp"

// What is held of a program's output counts for memory.limit.
namespace shunt::testing {
namespace {

using Output = CommandOptions::OutputMode;

class CommandMemory : public CommandTest {
 protected:
  // The drivers' share is 1.5 MiB.
  CommandMemory() { memory_ = std::make_unique<MemoryBudget>(std::size_t{16} << 20U); }

  [[nodiscard]] std::size_t used() const { return memory_->used(MemoryShare::kDrivers); }
  void expect_overloaded(const GenerationRecord& record) {
    ASSERT_EQ(record.state, GenerationState::kFailed);
    EXPECT_EQ(record.error->code, error_code::kOverloaded) << record.error->message;
    EXPECT_TRUE(record.error->is_retryable());
    EXPECT_GT(memory_->refused(MemoryShare::kDrivers), 0U);
    expect_given_back();
  }
  void expect_given_back() const {
    EXPECT_TRUE(eventually([&] { return used() == 0; })) << used();
  }
};

struct CommandTestAccess : CommandTest {
  using CommandTest::shell;
};

CommandOptions writing(CommandOptions options, Output output) {
  options.output = output;
  options.artifact_name = "out.bin";
  options.artifact_media_type = "application/octet-stream";
  return options;
}

class CommandOutputMemory : public CommandMemory, public ::testing::WithParamInterface<Output> {};

TEST_P(CommandOutputMemory, ThatDoesNotFitEndsTheProgram) {
  open(writing(shell("while :; do head -c 100000 /dev/zero; done"), GetParam()));
  expect_overloaded(run());
}
INSTANTIATE_TEST_SUITE_P(, CommandOutputMemory, ::testing::Values(Output::kArtifact, Output::kJson));

TEST_F(CommandMemory, AFileThatDoesNotFitIsNotRead) {
  CommandOptions options;
  options.argv = {"sh", "-c", "head -c 4000000 /dev/zero > \"$1\"", "sh", "{output_file}"};
  open(writing(std::move(options), Output::kArtifact));
  expect_overloaded(run());
}

TEST_F(CommandMemory, JsonThatBecomesMuchMoreThanItsTextIsNotDecoded) {
  open(writing(shell("printf '['; head -c 200000 /dev/zero | tr '\\0' ',' | sed 's/,/[],/g'; printf '0]'"),
               Output::kJson));
  expect_overloaded(run());
}

std::vector<CommandOptions> ways_to_end() {
  const auto some = [](const std::string& then) {
    return CommandTestAccess::shell("head -c 300000 /dev/zero | tr '\\0' x; " + then);
  };
  CommandOptions limited = writing(some(""), Output::kArtifact);
  limited.max_output_bytes = 200'000;
  CommandOptions file;
  file.argv = {"sh", "-c", "head -c 300000 /dev/zero > \"$1\"", "sh", "{output_file}"};
  return {
      writing(some(""), Output::kArtifact),
      writing(CommandTestAccess::shell("printf '[1, 2]'"), Output::kJson),
      writing(CommandTestAccess::shell("printf '[1, 2'"), Output::kJson),
      writing(some("exit 3"), Output::kArtifact),
      writing(some("kill -9 $$"), Output::kArtifact),
      limited,
      writing(file, Output::kArtifact),
  };
}

class CommandEndMemory : public CommandMemory, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(CommandEndMemory, IsGivenBack) {
  open(ways_to_end().at(GetParam()));
  EXPECT_NE(run().state, GenerationState::kCancelled);
  expect_given_back();
  EXPECT_EQ(memory_->refused(MemoryShare::kDrivers), 0U);
}
INSTANTIATE_TEST_SUITE_P(, CommandEndMemory, ::testing::Range(std::size_t{0}, ways_to_end().size()));

TEST_F(CommandMemory, IsHeldWhileAProgramRunsAndGivenBackWhenItIsStopped) {
  open(writing(shell("head -c 300000 /dev/zero; exec sleep 30"), Output::kArtifact));
  const GenerationId id = start();
  ASSERT_TRUE(eventually([&] { return used() >= 300'000; })) << used();
  ASSERT_TRUE(client_.cancel(id, "enough").ok());
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kCancelled);
  expect_given_back();
}

}  // namespace
}  // namespace shunt::testing
