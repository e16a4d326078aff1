#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/child_server.hpp"
#include "support/executor_client.hpp"
#include "support/given_files.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

// The driver under the sync executor, against tests/support/openai_server.py. A model's name says how the
// server behaves ("half", "status?code=503"); "ok#2" is the same as "ok" under another name.
class OpenAiTest : public ::testing::Test {
 protected:
  OpenAiTest() : server_({"/usr/bin/python3", SHUNT_TEST_SUPPORT "/openai_server.py"}) {}
  ~OpenAiTest() override {
    if (executor_) client_.drain(std::chrono::milliseconds(0));
  }

  [[nodiscard]] std::string base_url() const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + "/v1";
  }

  // Before client(), start() and run().
  void given_model(const std::string& name, const std::function<void(OpenAiOptions&)>& adjust = {}) {
    OpenAiOptions options;
    options.base_url = base_url();
    options.model = name;
    options.max_retries = 0;
    options.retry_backoff = std::chrono::milliseconds(1);
    if (adjust) adjust(options);
    auto generator = make_openai_generator(std::move(options), &files_);
    if (!generator) throw std::runtime_error(generator.error().message);
    Model model;
    model.name = "m" + std::to_string(upstream_names_.size());
    model.generator = std::move(generator).value();
    model.concurrency = 1000;
    model.input_rules = InputRules::compile(rules_).value();
    model.on_lost = on_lost_;
    upstream_names_.push_back(name);
    ASSERT_TRUE(models_.add(std::move(model)).ok());
  }

  // Called once all models are there: an executor takes them as they are when it is made.
  ExecutorClient& client() {
    if (!executor_) {
      executor_ = executor::make_sync_executor(models_, *store_, {.memory = memory_.get()});
      client_.use(*executor_);
    }
    return client_;
  }
  [[nodiscard]] GenerationId start(std::size_t model = 0, GenerationRequest request = {}) {
    request.model = "m" + std::to_string(model);
    if (request.input == Json(JsonObject{})) request.input = JsonObject{{"prompt", "Tell me of trains"}};
    return client().start(std::move(request));
  }
  GenerationRecord run(std::size_t model = 0, GenerationRequest request = {}) {
    return client().wait_for_end(start(model, std::move(request)));
  }
  // One model, one generation, its record.
  GenerationRecord run_once(const std::string& name, const std::function<void(OpenAiOptions&)>& adjust = {}) {
    given_model(name, adjust);
    return run();
  }

  // What the server saw for a model's name.
  [[nodiscard]] Json seen(const std::string& name) const {
    std::string escaped;
    for (const char c : name) {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      (escaped += '%') += {kHex[byte >> 4], kHex[byte & 15]};
    }
    return parse_json(server_.get("/control?model=" + escaped)).value();
  }
  [[nodiscard]] std::int64_t calls(const std::string& name) const {
    return seen(name).at("calls").as_int64();
  }
  [[nodiscard]] std::int64_t calls() const { return calls(upstream_names_.at(0)); }

  // A test may put a smaller one in its place before client().
  std::unique_ptr<MemoryBudget> memory_ = std::make_unique<MemoryBudget>(std::size_t{1} << 40U);
  EventLoopThreads loops_{1};
  ChildServer server_;
  ModelRegistry models_;
  std::vector<std::string> upstream_names_;
  GivenFiles files_;
  std::map<std::string, InputRule> rules_;  // likewise
  OnLost on_lost_ = OnLost::kRerun;         // of the models that are given next
  std::unique_ptr<GenerationStore> store_ = make_memory_store(system_clock(), {});
  std::unique_ptr<executor::GenerationExecutor> executor_;
  ExecutorClient client_{loops_};
};

inline std::size_t count_deltas(const std::vector<GenerationEvent>& events) {
  return static_cast<std::size_t>(std::ranges::count(events, "delta", &GenerationEvent::type));
}

}  // namespace shunt::testing
