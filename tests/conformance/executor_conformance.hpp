#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "conformance/conformance_models.hpp"
#include "conformance/executors_under_test.hpp"
#include "support/executor_client.hpp"
#include "support/generation_requests.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

using executor::Accepted;
using executor::Refused;
using std::chrono::milliseconds;

inline GenerationRequest with_timeout(GenerationRequest made, milliseconds timeout) {
  made.options.timeout = timeout;
  return made;
}

inline GenerationRequest with_key(GenerationRequest made, std::string key, std::string caller = "") {
  made.idempotency_key = std::move(key);
  made.caller = std::move(caller);
  return made;
}

inline std::string joined_text(const std::vector<GenerationEvent>& events) {
  std::string text;
  for (const GenerationEvent& event : events) {
    if (const auto* delta = std::get_if<event::Delta>(&event.payload)) text += delta->text;
  }
  return text;
}

// What every GenerationExecutor does, whatever runs the generations. An executor joins the suite by adding a
// factory to executors_under_test(); nothing in the tests knows which one it is.
class ExecutorConformance : public ::testing::TestWithParam<ExecutorFactory> {
 protected:
  ExecutorConformance() : loops_(2), models_(conformance_models(hold_)), client_(loops_) {
    subject_ = GetParam().make(models_, loops_);
    client_.use(subject_->executor());
  }
  ~ExecutorConformance() override {
    hold_.release();
    if (!drained_) client_.drain(milliseconds(5000));
    loops_.stop_and_join();
  }
  executor::DrainReport drain(milliseconds grace) {
    drained_ = true;
    return client_.drain(grace);
  }
  GenerationId start_running_gated() {
    const GenerationId id = client_.start(request("gated"));
    EXPECT_TRUE(eventually([&] { return !client_.record(id).text.empty(); }));
    return id;
  }
  Error refusal(GenerationRequest made) {
    const auto outcome = client_.submit(std::move(made));
    if (!std::holds_alternative<Refused>(outcome)) return {"accepted", ""};
    return std::get<Refused>(outcome).error;
  }

  Hold hold_;
  EventLoopThreads loops_;  // outlives the generators, which may hold a run a moment longer than its end
  ModelRegistry models_;
  ExecutorClient client_;
  std::unique_ptr<ExecutorUnderTest> subject_;
  bool drained_ = false;
};

}  // namespace shunt::testing
