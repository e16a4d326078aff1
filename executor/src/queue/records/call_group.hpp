#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bullmq/redis.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// One call, for those who count.
struct CallMade {
  std::size_t items = 0;
  std::size_t bytes = 0;  // of their arguments
  std::chrono::nanoseconds took{0};
  bool failed = false;  // no answer
};

struct CallGroupOptions {
  std::vector<std::string> keys;
  // What stands before the items' arguments; asked for each call.
  std::function<std::vector<std::string>()> common;
  // Executed twice it does no harm.
  bool idempotent = false;
  // After a call that many shared, the next one waits this long, unless an item is urgent: under load it is
  // the number of calls that costs.
  std::chrono::milliseconds linger{0};
  // Told after each call; may be empty.
  std::function<void(const CallMade&)> on_call;
};

// Calls a script that takes any number of items: while one call is on its way, the items that come meanwhile
// join the next one. So an item costs no round trip of its own, and alone it does not wait. One thread: its
// connection's.
class CallGroup : public std::enable_shared_from_this<CallGroup> {
 public:
  CallGroup(EventLoop& loop, bullmq::Redis redis, const bullmq::RedisScript& script, CallGroupOptions options)
      : loop_(loop),
        redis_(std::move(redis)),
        script_(script),
        options_(std::move(options)),
        linger_(loop.context()) {}

  // The script's answer to this item. Throws bullmq::Error, as bullmq::Redis::run does. When a call fails
  // without an answer, so do those that wait behind it: nobody waits longer than for one call and one before
  // it.
  [[nodiscard]] bullmq::awaitable<bullmq::RedisReply> call(std::vector<std::string> arguments,
                                                           bool urgent = false) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                       void(std::exception_ptr, bullmq::RedisReply)>(
        Initiation{this}, boost::asio::use_awaitable, std::move(arguments), urgent);
  }

 private:
  using Done = std::function<void(std::exception_ptr failure, bullmq::RedisReply reply)>;
  struct Initiation {
    CallGroup* group;
    template <typename Handler>
    void operator()(Handler&& handler, std::vector<std::string> arguments, bool urgent) const {
      // std::function wants what it holds to be copyable.
      auto shared = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
      group->enqueue(std::move(arguments), urgent,
                     [shared](std::exception_ptr failure, bullmq::RedisReply reply) {
                       auto local = std::move(*shared);
                       local(std::move(failure), std::move(reply));
                     });
    }
  };
  struct Item {
    std::vector<std::string> arguments;
    Done done;
  };
  // Whoever is about to send what waits. What waits may keep the group alive, and the group has what waits:
  // when the event loop ends before it comes to that, this lets go of it.
  struct Sender {
    explicit Sender(std::shared_ptr<CallGroup> of) : group(std::move(of)) {}
    Sender(Sender&&) noexcept = default;
    Sender& operator=(Sender&&) = delete;
    ~Sender();
    std::shared_ptr<CallGroup> group;
  };
  void enqueue(std::vector<std::string> arguments, bool urgent, Done done);
  static bullmq::awaitable<void> flush(Sender sender);
  [[nodiscard]] std::vector<Item> take_some();
  [[nodiscard]] std::vector<std::string> arguments_of(std::vector<Item>& items) const;

  EventLoop& loop_;
  bullmq::Redis redis_;
  const bullmq::RedisScript& script_;
  const CallGroupOptions options_;
  boost::asio::steady_timer linger_;
  std::vector<Item> waiting_;
  bool urgent_waits_ = false;
  bool flushing_ = false;
};

}  // namespace shunt::executor
