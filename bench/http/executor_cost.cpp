// What the sync executor costs a request: submit to terminal event on a zero-delay simulator, against the
// bare handler (the same simulator called with a run that only counts). One thread. Prints nanoseconds a
// request.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <vector>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/drivers/simulator.hpp"

namespace shunt::base {}
namespace shunt::generation {}

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using Clock = std::chrono::steady_clock;

constexpr int kRequests = 20'000;
constexpr int kRounds = 11;

class CountingRun final : public GenerationRun {
 public:
  explicit CountingRun(Envelope envelope) : envelope_(std::move(envelope)) {}
  const Envelope& envelope() const noexcept override { return envelope_; }
  std::stop_token stop_token() const noexcept override { return {}; }
  void delta(std::string_view text) override { bytes += text.size(); }
  void delta(std::string_view text, MessageParts) override { bytes += text.size(); }
  void progress(double, std::string_view) override {}
  void log(std::string_view, std::string_view) override {}
  void artifact(Artifact) override {}
  void succeed(Json) override { ++ends; }
  void fail(Error) override { std::abort(); }
  void stopped() override { std::abort(); }

  std::size_t bytes = 0;
  std::size_t ends = 0;

 private:
  const Envelope envelope_;
};

GenerationRequest request() {
  GenerationRequest made;
  made.model = "simulator";
  made.input = JsonObject{{"prompt", "Why do trains stop at night?"}, {"tokens", 8}};
  return made;
}

double bare_handler(Generator& generator) {
  const auto begin = Clock::now();
  for (int i = 0; i < kRequests; ++i) {
    Envelope envelope;
    envelope.request = request();
    generator.start(std::make_shared<CountingRun>(std::move(envelope)));
  }
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / kRequests;
}

double through_executor(executor::GenerationExecutor& executor) {
  std::size_t ended = 0;
  const auto begin = Clock::now();
  for (int i = 0; i < kRequests; ++i) {
    executor.submit(request(), [&](const executor::SubmitOutcome& outcome) {
      if (std::get<executor::Accepted>(outcome).watch->record_at_end()) ++ended;
    });
  }
  const double ns = std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / kRequests;
  if (ended != kRequests) std::abort();
  return ns;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main() {
  EventLoopThreads loops(1);
  ModelRegistry models;
  Model model;
  model.name = "simulator";
  model.generator = make_simulator({.first_token = {}, .token_gap = {}});
  Generator& generator = *model.generator;
  if (!models.add(std::move(model))) return 1;
  const auto store = make_memory_store(system_clock(), {});
  const auto executor = executor::make_sync_executor(models, *store);

  std::promise<void> done;
  loops.at(0).post([&] {
    std::vector<double> bare;
    std::vector<double> ours;
    for (int i = 0; i < kRounds; ++i) {
      bare.push_back(bare_handler(generator));
      ours.push_back(through_executor(*executor));
    }
    std::printf("bare %.0f\nexecutor %.0f\nadded %.0f\n", median(bare), median(ours),
                median(ours) - median(bare));
    done.set_value();
  });
  done.get_future().get();
  return 0;
}
