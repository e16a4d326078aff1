// An inspector over a Redis that says anything. Checks that every look is answered in time and ends its
// connection, and that a failure has words.
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "shunt/base/json.hpp"
#include "shunt/executor/queue_inspector.hpp"
#include "support/fuzzing.hpp"
#include "support/lying_redis.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace std::chrono_literals;
using fuzz::check;

// A look has two seconds for each answer, and asks for many.
constexpr auto kPatience = 60s;

struct World {
  World() {
    executor::QueueOptions options;
    options.redis_url = liar.url();
    inspector = executor::make_queue_inspector(std::move(options));
  }

  void tell(std::string replies) {
    std::promise<void> told;
    boost::asio::post(loop, [&] {
      liar.tell(replies);
      told.set_value();
    });
    told.get_future().wait();
  }

  boost::asio::io_context loop{1};
  fuzz::LyingRedis liar{loop};
  std::jthread thread{[this] { loop.run(); }};
  std::unique_ptr<executor::QueueInspector> inspector;
};

template <typename T>
void wait_for(std::promise<Result<T>>& promise) {
  auto answer = promise.get_future();
  check(answer.wait_for(kPatience) == std::future_status::ready, "every look is answered");
  const Result<T> found = answer.get();
  check(found.ok() || (!found.error().message.empty() && is_valid_utf8(found.error().message)),
        "a failure can be shown");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  static World& world = *new World;
  world.tell(std::string(fuzz::text_of(data, size).substr(1)));
  if (data[0] % 2 == 0) {
    std::promise<Result<executor::ServerReading>> promise;
    world.inspector->read_server([&](auto reading) { promise.set_value(std::move(reading)); });
    wait_for(promise);
  } else {
    std::promise<Result<executor::QueueContents>> promise;
    world.inspector->read_contents({"m"}, [&](auto contents) { promise.set_value(std::move(contents)); });
    wait_for(promise);
  }
  return 0;
}
