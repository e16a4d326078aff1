// The queue executor over a Redis that says anything, to its scripts, its inbox and its duties. Checks that
// every call is answered, and that nothing leaves a thread.
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <future>
#include <thread>

#include "shunt/base/event_loop.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/queue_executor.hpp"
#include "shunt/generation/drivers/simulator.hpp"
#include "support/fuzzing.hpp"
#include "support/lying_redis.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using namespace std::chrono_literals;
using executor::GenerationExecutor;
using fuzz::check;

// Commands have two seconds; a submit asks more than once.
constexpr auto kPatience = 20s;

// The liar and its thread.
struct Redis {
  boost::asio::io_context loop{1};
  fuzz::LyingRedis liar{loop};
  std::jthread thread{[this] { loop.run(); }};

  ~Redis() { loop.stop(); }

  void tell(std::string replies) {
    std::promise<void> told;
    boost::asio::post(loop, [&] {
      liar.tell(replies);
      told.set_value();
    });
    told.get_future().wait();
  }
};

struct World {
  World() {
    log::configure(log::Level::kOff, log::Format::kText);
    Model model;
    model.name = "m";
    model.driver = "simulator";
    model.generator = make_simulator({});
    check(models.add(std::move(model)).ok(), "a model");
    auto store =
        make_directory_artifact_store(std::filesystem::temp_directory_path() / "shunt-fuzz-artifacts");
    check(store.ok(), "a folder");
    artifacts = std::move(*store);
    executor::QueueExecutorOptions options;
    options.queue.redis_url = redis.liar.url();
    executor = executor::make_queue_executor(models, *artifacts, std::move(options));
  }

  // Waits for the one answer of a call.
  void call(const std::function<void(GenerationExecutor&, std::function<void()>)>& operation) {
    std::promise<void> answered;
    auto answer = answered.get_future();
    loops.at(0).post([&] { operation(*executor, [&answered] { answered.set_value(); }); });
    check(answer.wait_for(kPatience) == std::future_status::ready, "every call is answered");
  }

  Redis redis;
  EventLoopThreads loops{1};
  ModelRegistry models;
  std::unique_ptr<ArtifactStore> artifacts;
  std::unique_ptr<GenerationExecutor> executor;
};

GenerationId some_id() {
  return *GenerationId::parse("gen_0190163d8694739b84bc8a1f3a8ba4a1");
}

// Redis' words may be in an error, which becomes JSON and a line on a terminal.
void check_error(const Error& error) {
  check(!error.message.empty() && is_valid_utf8(error.message), "an error can be shown");
}
template <typename T>
void check_outcome(const Result<T>& result) {
  if (!result) check_error(result.error());
}
void check_outcome(const executor::SubmitOutcome& outcome) {
  if (const auto* refused = std::get_if<executor::Refused>(&outcome)) check_error(refused->error);
  if (const auto* unknown = std::get_if<executor::Unknown>(&outcome)) check_error(unknown->error);
}

void ask(World& world, std::uint8_t which) {
  world.call([which](GenerationExecutor& executor, std::function<void()> done) {
    const auto answered = [done](const auto& outcome) {
      check_outcome(outcome);
      done();
    };
    switch (which % 8) {
      case 0:
        return executor.find(some_id(), answered);
      case 1:
        return executor.list({}, answered);
      case 2:
        return executor.cancel(some_id(), "why", answered);
      case 3:
        return executor.watch(some_id(), {}, answered);
      case 4:
        return executor.request_of(some_id(), answered);
      case 5:
        return executor.remove(some_id(), answered);
      case 6:
        return executor.fleet(answered);
      default: {
        GenerationRequest request;
        request.model = "m";
        request.idempotency_key = "k";
        return executor.submit(std::move(request), answered);
      }
    }
  });
}

}  // namespace

// The first byte says what is asked; the rest is what Redis says, to this and to what the executor asks by
// itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;  // destroyed before the process ends, and with it every thread
  if (size == 0) return 0;
  world.redis.tell(std::string(fuzz::text_of(data, size).substr(1)));
  ask(world, data[0]);
  (void)world.executor->describe();
  return 0;
}
