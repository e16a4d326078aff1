// Short programs a second: the command driver (through the sync executor, 8 at once) against posix_spawn and
// waitpid in a loop. Prints both.
#include <spawn.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/drivers/command.hpp"

namespace shunt::base {}
namespace shunt::generation {}

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
constexpr int kPrograms = 2'000;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double with_posix_spawn() {
  const auto begin = std::chrono::steady_clock::now();
  char program[] = "/bin/true";
  char* const argv[] = {program, nullptr};
  for (int i = 0; i < kPrograms; ++i) {
    pid_t pid = 0;
    int status = 0;
    if (posix_spawn(&pid, program, nullptr, nullptr, argv, nullptr) != 0) std::abort();
    if (waitpid(pid, &status, 0) != pid || status != 0) std::abort();
  }
  return kPrograms / seconds_since(begin);
}

class CountEnds final : public executor::ExecutorObserver {
 public:
  void submitted(const Submitted& request) override {
    if (request.outcome != Submitted::Outcome::kAccepted) std::abort();
  }
  void ended(const Ended& end) override {
    if (end.state != GenerationState::kSucceeded) {
      std::fprintf(stderr, "a program failed: %s\n", std::string(end.error_code).c_str());
      std::abort();
    }
    if (++ended_ == kPrograms) done.set_value();
  }
  std::promise<void> done;

 private:
  std::atomic<int> ended_{0};
};

double with_driver() {
  EventLoopThreads loops(1);
  CommandOptions options;
  options.argv = {"/bin/true"};
  options.input = CommandOptions::InputMode::kNone;
  Model model;
  model.name = "true";
  model.generator = make_command_generator(options, loops).value();
  model.concurrency = 8;
  model.max_waiting = kPrograms;
  ModelRegistry models;
  if (!models.add(std::move(model))) std::abort();
  const auto store = make_memory_store(system_clock(), {});
  CountEnds ends;
  const auto executor = executor::make_sync_executor(models, *store, {.observer = &ends});
  const auto begin = std::chrono::steady_clock::now();
  loops.at(0).post([&] {
    for (int i = 0; i < kPrograms; ++i) {
      GenerationRequest request;
      request.model = "true";
      executor->submit(std::move(request), [](const executor::SubmitOutcome&) {});
    }
  });
  ends.done.get_future().get();
  const double rate = kPrograms / seconds_since(begin);
  loops.stop_and_join();
  return rate;
}

}  // namespace

int main() {
  std::printf("posix_spawn %.0f\ndriver %.0f\n", with_posix_spawn(), with_driver());
  return 0;
}
