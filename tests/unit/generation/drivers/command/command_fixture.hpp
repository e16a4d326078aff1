#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/drivers/command.hpp"
#include "support/executor_client.hpp"
#include "support/given_files.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

// Runs real programs through the command driver and the sync executor.
class CommandTest : public ::testing::Test {
 protected:
  CommandTest() : loops_(2), client_(loops_) {}
  ~CommandTest() override {
    if (executor_) client_.drain(std::chrono::milliseconds(0));
  }

  // The one model, "m".
  void open(CommandOptions options, const std::function<void(Model&)>& adjust = {},
            std::map<std::string, InputRule> rules = {}) {
    Model model;
    model.name = "m";
    model.input_rules = InputRules::compile(std::move(rules)).value();
    auto generator = make_command_generator(std::move(options), loops_, model.input_rules, &files_);
    ASSERT_TRUE(generator.ok()) << generator.error().message;
    model.generator = std::move(*generator);
    model.concurrency = 8;
    model.max_waiting = 1000;
    if (adjust) adjust(model);
    ASSERT_TRUE(models_.add(std::move(model)).ok());
    executor_ = executor::make_sync_executor(models_, *store_, {.memory = memory_.get()});
    client_.use(*executor_);
  }
  // `script` runs in a shell; the input is its stdin, as JSON.
  static CommandOptions shell(const std::string& script) {
    std::string escaped;
    for (const char c : script) escaped.append(c == '{' || c == '}' ? 2 : 1, c);
    CommandOptions options;
    options.argv = {"sh", "-c", std::move(escaped)};
    return options;
  }
  static GenerationRequest request(JsonObject input = {}) {
    GenerationRequest made;
    made.model = "m";
    made.input = std::move(input);
    return made;
  }
  // The rules of a model with a file.
  static std::map<std::string, InputRule> image_rules() {
    InputRule image;
    image.type = InputRule::Type::kFile;
    image.types = {"image/*"};
    return {{"image", image}};
  }
  GenerationRecord run_with(InputFiles files, JsonObject input = {}) {
    GenerationRequest made = request(std::move(input));
    made.files = std::move(files);
    return client_.wait_for_end(client_.start(std::move(made)));
  }
  GenerationId start(JsonObject input = {}) { return client_.start(request(std::move(input))); }
  GenerationRecord run(JsonObject input = {}) { return client_.wait_for_end(start(std::move(input))); }
  std::string wait_for_text(const GenerationId& id) {
    EXPECT_TRUE(eventually([&] { return client_.record(id).text.ends_with('\n'); }));
    return client_.record(id).text;
  }
  // A zombie has ended, also when its parent (init) takes its time to reap it.
  static bool is_running(const std::string& pid) {
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string line;
    if (!std::getline(stat, line)) return false;
    return line[line.rfind(')') + 2] != 'Z';
  }

  // A test may put a smaller one in its place before open().
  std::unique_ptr<MemoryBudget> memory_ = std::make_unique<MemoryBudget>(std::size_t{1} << 40U);
  GivenFiles files_;
  EventLoopThreads loops_;
  ModelRegistry models_;
  std::unique_ptr<GenerationStore> store_ = make_memory_store(system_clock(), {});
  std::unique_ptr<executor::GenerationExecutor> executor_;
  ExecutorClient client_;
};

}  // namespace shunt::testing
