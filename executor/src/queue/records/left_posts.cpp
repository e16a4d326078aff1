#include "shunt/executor/left_posts.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>
#include <vector>

#include "bullmq/redis.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/loop_gate.hpp"
#include "shunt/executor/redis/redis_address.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;
using std::chrono::milliseconds;

// How long nothing is taken after Redis has not answered: nobody is joined meanwhile.
constexpr milliseconds kPauseAfterFault{1'000};

// KEYS the set of a key's generations; ARGV generation, ms until nobody is expected any more. Sent as text
// each time: a hash that Redis does not know is sent again behind what was asked since, and would offer what
// has been withdrawn.
constexpr const char* kOffer =
    "redis.call('SADD', KEYS[1], ARGV[1]) "
    "return redis.call('PEXPIRE', KEYS[1], ARGV[2])";

class LeftPostsInRedis final : public LeftPosts {
 public:
  LeftPostsInRedis(QueueOptions queue, FaultLog& faults)
      : queue_(std::move(queue)),
        faults_(faults),
        prefix_(queue_.prefix + ":left-posts:"),
        gate_(std::make_shared<LoopGate>(loops_.at(0))) {}
  ~LeftPostsInRedis() override {
    gate_->shut();
    loops_.stop_and_join();
  }

  void offer(std::string key, GenerationId id, milliseconds window) override {
    gate_->post([this, key = prefix_ + key, id, window] { launch(add(key, id, window)); });
  }
  void take(std::string key, std::function<void(std::optional<GenerationId>)> done) override {
    const bool asked = gate_->post([this, key = prefix_ + key, done] { launch(pop(key, done)); });
    if (!asked) done(std::nullopt);
  }
  void withdraw(std::string key, GenerationId id, std::function<void(bool)> done) override {
    const bool asked = gate_->post([this, key = prefix_ + key, id, done] { launch(remove(key, id, done)); });
    if (!asked) done(false);
  }

 private:
  void launch(awaitable<void> work) {
    boost::asio::co_spawn(loops_.at(0).context(), std::move(work), [this](const std::exception_ptr& failure) {
      note_ended_with(faults_, "left_posts", failure);
    });
  }

  // On the loop's thread.
  bullmq::Redis redis() {
    if (!redis_) {
      bullmq::ConnectionOptions options = connection_options(queue_);
      // Requests wait for it.
      options.command_timeout = queue_.command_timeout;
      options.connect_timeout = std::max(queue_.command_timeout, milliseconds(1'000));
      options.reconnect_max = milliseconds(1'000);
      options.client_name = "shunt:left-posts";
      redis_.emplace(bullmq::open_connection(loops_.at(0).context().get_executor(), std::move(options)),
                     prefix_);
    }
    return *redis_;
  }

  awaitable<void> add(std::string key, GenerationId id, milliseconds window) {
    std::vector<std::string> command{"EVAL",         kOffer,         "1",
                                     std::move(key), id.to_string(), std::to_string(window.count())};
    bullmq::Redis server = redis();
    (void)co_await server.execute(std::move(command), {.idempotent = true});
  }

  awaitable<void> pop(std::string key, std::function<void(std::optional<GenerationId>)> done) {
    std::optional<GenerationId> id;
    // Many requests ask that were never sent before: they do not all wait for a Redis that is away.
    if (std::chrono::steady_clock::now() < asks_again_at_) co_return done(id);
    try {
      std::vector<std::string> command{"SPOP", std::move(key)};
      bullmq::Redis server = redis();
      const bullmq::RedisReply reply = co_await server.execute(std::move(command));
      id = GenerationId::parse(reply.text);
    } catch (...) {
      asks_again_at_ = std::chrono::steady_clock::now() + kPauseAfterFault;
      note_caught(faults_, "left_posts");
    }
    done(id);
  }

  awaitable<void> remove(std::string key, GenerationId id, std::function<void(bool)> done) {
    bool was_there = false;
    try {
      std::vector<std::string> command{"SREM", std::move(key), id.to_string()};
      bullmq::Redis server = redis();
      // Done twice it is answered with "not there", as where it cannot be told.
      const bullmq::RedisReply reply = co_await server.execute(std::move(command), {.idempotent = true});
      was_there = reply.to_int() == 1;
    } catch (...) {
      note_caught(faults_, "left_posts");
    }
    done(was_there);
  }

  const QueueOptions queue_;
  FaultLog& faults_;
  const std::string prefix_;
  // The connection goes when the loop's thread has been joined, and before the loop.
  EventLoopThreads loops_{1};
  std::optional<bullmq::Redis> redis_;
  SteadyTime asks_again_at_{};  // on the loop's thread
  const std::shared_ptr<LoopGate> gate_;
};

}  // namespace

std::unique_ptr<LeftPosts> make_left_posts(const QueueOptions& queue, FaultLog& faults) {
  return std::make_unique<LeftPostsInRedis>(queue, faults);
}

}  // namespace shunt::executor
