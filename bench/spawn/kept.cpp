// What a kept program adds to a generation: the time of one generation after the other through the sync
// executor, with a generator in this process that answers at once, and with a kept program that does (this
// binary once more, as `bench_kept program`). Prints medians and 99th percentiles in microseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/drivers/command.hpp"
#include "shunt/generation/kept_programs.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
constexpr int kGenerations = 10'000;
constexpr int kWarmUp = 1'000;

// The program: a delta and a result for each run.
int be_program() {
  std::cout << R"({"type":"ready","protocol":1})" << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
    constexpr std::string_view kBefore = "\"id\":\"";
    const std::size_t begin = line.find(kBefore) + kBefore.size();
    const std::string id = line.substr(begin, line.find('"', begin) - begin);
    std::cout << R"({"type":"delta","id":")" << id << R"(","text":"hello"})" << '\n'
              << R"({"type":"result","id":")" << id << R"("})" << std::endl;
  }
  return 0;
}

class Instant final : public Generator {
 public:
  void start(std::shared_ptr<GenerationRun> run) override {
    run->delta("hello");
    run->succeed();
  }
};

class WhenEnded final : public executor::ExecutorObserver {
 public:
  void submitted(const Submitted& request) override {
    if (request.outcome != Submitted::Outcome::kAccepted) std::abort();
  }
  void ended(const Ended& end) override {
    if (end.state != GenerationState::kSucceeded) std::abort();
    next();
  }
  std::function<void()> next;
};

std::vector<double> microseconds(EventLoopThreads& loops, std::shared_ptr<Generator> generator) {
  Model model;
  model.name = "m";
  model.generator = std::move(generator);
  ModelRegistry models;
  if (!models.add(std::move(model))) std::abort();
  const auto store = make_memory_store(system_clock(), {});
  WhenEnded observer;
  const auto executor = executor::make_sync_executor(models, *store, {.observer = &observer});
  std::vector<double> times;
  std::promise<void> done;
  std::chrono::steady_clock::time_point begin;
  const auto submit = [&] {
    begin = std::chrono::steady_clock::now();
    GenerationRequest request;
    request.model = "m";
    executor->submit(std::move(request), [](const executor::SubmitOutcome&) {});
  };
  observer.next = [&] {
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    times.push_back(took.count());
    if (times.size() == kGenerations) return done.set_value();
    loops.at(0).post(submit);
  };
  loops.at(0).post(submit);
  done.get_future().get();
  std::promise<void> drained;
  loops.at(0).post(
      [&] { executor->drain(std::chrono::seconds(1), [&](executor::DrainReport) { drained.set_value(); }); });
  drained.get_future().get();
  times.erase(times.begin(), times.begin() + kWarmUp);
  std::ranges::sort(times);
  return times;
}

void print(const char* name, const std::vector<double>& sorted) {
  std::printf("%s %.1f %.1f\n", name, sorted[sorted.size() / 2], sorted[sorted.size() * 99 / 100]);
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1 && std::string_view(arguments[1]) == "program") return be_program();
  EventLoopThreads loops(1);
  print("in_process", microseconds(loops, std::make_shared<Instant>()));
  CommandOptions options;
  // Another program may be named: `bench_kept /usr/bin/python3 FILE`.
  options.argv = {std::filesystem::read_symlink("/proc/self/exe").string(), "program"};
  if (count > 1) options.argv.assign(arguments + 1, arguments + count);
  options.keep = 1;
  print("kept",
        microseconds(loops, std::shared_ptr<Generator>(make_command_generator(options, loops).value())));
  return 0;
}
