#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "integration/bullmq/redis_process.hpp"
#include "shunt/base/log.hpp"
#include "shunt/flip/flip_control.hpp"
#include "support/eventually.hpp"

namespace shunt::flip {

using bullmq::testing::RedisProcess;
using bullmq::testing::TemporaryFolder;
using testing::eventually;
using namespace std::chrono_literals;

// What breaks here is broken on purpose.
inline const bool kQuiet = (log::configure(log::Level::kOff, log::Format::kText), true);

// One API process of a fleet, as far as the flip is concerned.
class Member {
 public:
  explicit Member(FlipControlOptions options)
      : snapshot_(Snapshot(first_record(Strategy::kSync, "none", WallTime{}))),
        control_(make_flip_control(snapshot_, std::move(options))) {}

  [[nodiscard]] FlipControl& control() { return *control_; }
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const { return snapshot_.take(); }
  [[nodiscard]] FlipState state() const { return snapshot_.take()->state(); }
  [[nodiscard]] std::uint64_t epoch() const { return snapshot_.take()->epoch(); }

  FlipStatus status() {
    return ask<FlipStatus>([&](auto done) { control_->status(std::move(done)); });
  }
  Result<FlipChange> apply(FlipEvent event, FlipRequest request = {}) {
    request.event = event;
    request.by.name = "ops";
    return ask<Result<FlipChange>>([&](auto done) { control_->apply(std::move(request), std::move(done)); });
  }
  std::future<Result<FlipChange>> begin(FlipEvent event) {
    auto promise = std::make_shared<std::promise<Result<FlipChange>>>();
    control_->apply({.event = event}, [promise](auto result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }
  Result<FlipLogPage> log(std::uint64_t from = 0, std::size_t count = 100) {
    return ask<Result<FlipLogPage>>([&](auto done) { control_->log(from, count, std::move(done)); });
  }
  Result<ChainReport> verify() {
    return ask<Result<ChainReport>>([&](auto done) { control_->verify_log(std::move(done)); });
  }

 private:
  template <typename Answer, typename Ask>
  Answer ask(Ask ask) {
    auto promise = std::make_shared<std::promise<Answer>>();
    auto future = promise->get_future();
    ask([promise](Answer answer) { promise->set_value(std::move(answer)); });
    if (future.wait_for(30s) != std::future_status::ready)
      throw std::runtime_error("no answer of the control");
    return future.get();
  }

  CurrentSnapshot snapshot_;
  std::unique_ptr<FlipControl> control_;
};

// Plans and intervals for a test's patience.
inline Plan short_plan() {
  Plan plan = default_plan();
  plan.shadow.enabled = false;
  plan.dark = {.least_time = 0ms, .least_probes = 0};
  plan.cool_down = 1ms;
  return plan;
}

class FlipFleet : public ::testing::Test {
 protected:
  // A process of this name, with its state file in the test's folder.
  [[nodiscard]] FlipControlOptions options(const std::string& name, Strategy strategy = Strategy::kSync) {
    FlipControlOptions options;
    options.queue.redis_url = redis_.url();
    // A machine that is busy with other tests is slow. A server that was killed is waited for at most this
    // long, by what was under way then; afterwards it refuses at once.
    options.queue.command_timeout = 5s;
    options.strategy = strategy;
    options.process = name;
    options.version = "1.2.3";
    options.build = "b1";
    options.state_file = file(name + ".state");
    options.preflight = [](std::function<void(std::vector<std::string>)> done) { done({}); };
    options.faults = &faults_;
    options.poll = 200ms;
    options.lease = 10s;
    options.tick = 1h;
    options.first_read = 5s;
    options.acknowledge_wait = 5s;
    return options;
  }
  [[nodiscard]] std::unique_ptr<Member> member(const std::string& name, Strategy strategy = Strategy::kSync) {
    return std::make_unique<Member>(options(name, strategy));
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] std::string key(const std::string& rest) const { return "{shunt}::flip:" + rest; }

  TemporaryFolder folder_;
  FaultLog faults_;
  RedisProcess redis_;
};

}  // namespace shunt::flip
