#include "queue/records/call_group.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/error_code.hpp>
#include <iterator>

#include "bullmq/error.hpp"

namespace shunt::executor {
namespace {

// One call takes at most about this much: enough to share its cost, and short enough not to hold up the
// others on the server's one thread. Lua's unpack() takes a few thousand values.
constexpr std::size_t kItems = 200;
constexpr std::size_t kBytes = 512UL * 1024;
constexpr std::size_t kMany = 16;

std::size_t size_of(const std::vector<std::string>& arguments) {
  std::size_t bytes = 0;
  for (const std::string& argument : arguments) bytes += argument.size();
  return bytes;
}

}  // namespace

CallGroup::Sender::~Sender() {
  if (group) std::exchange(group->waiting_, {}).clear();
}

void CallGroup::enqueue(std::vector<std::string> arguments, bool urgent, Done done) {
  waiting_.push_back({std::move(arguments), std::move(done)});
  if (urgent) {
    urgent_waits_ = true;
    linger_.cancel();
  }
  if (std::exchange(flushing_, true)) return;
  // At the end of this turn, when all that it has to add is here. Detached: it holds the group, and ends when
  // nothing waits.
  boost::asio::post(loop_.context(), [sender = Sender(shared_from_this())]() mutable {
    auto& context = sender.group->loop_.context();
    boost::asio::co_spawn(context, flush(std::move(sender)), boost::asio::detached);
  });
}

std::vector<CallGroup::Item> CallGroup::take_some() {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < waiting_.size() && count < kItems && (count == 0 || bytes < kBytes)) {
    bytes += size_of(waiting_[count++].arguments);
  }
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Item> taken(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  if (waiting_.empty()) urgent_waits_ = false;
  return taken;
}

std::vector<std::string> CallGroup::arguments_of(std::vector<Item>& items) const {
  std::vector<std::string> arguments = options_.common();
  arguments.reserve(arguments.size() + items.size() * items.front().arguments.size());
  for (Item& item : items) {
    std::move(item.arguments.begin(), item.arguments.end(), std::back_inserter(arguments));
  }
  return arguments;
}

bullmq::awaitable<void> CallGroup::flush(Sender sender) {
  const std::shared_ptr<CallGroup>& self = sender.group;
  while (!self->waiting_.empty()) {
    std::vector<Item> items = self->take_some();
    CallMade made{.items = items.size()};
    if (self->options_.on_call) {
      for (const Item& item : items) made.bytes += size_of(item.arguments);
    }
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::string> keys = self->options_.keys;
    std::vector<std::string> arguments = self->arguments_of(items);
    bullmq::CommandOptions options;
    options.idempotent = self->options_.idempotent;
    std::exception_ptr failure;
    bullmq::RedisReply reply;
    try {
      reply = co_await self->redis_.run(self->script_, std::move(keys), std::move(arguments), options);
      if (reply.elements.size() != items.size()) {
        throw bullmq::RedisError("script " + std::string(self->script_.name()) + " answered " +
                                 std::to_string(reply.elements.size()) + " items instead of " +
                                 std::to_string(items.size()));
      }
    } catch (...) {
      failure = std::current_exception();
      auto behind = std::exchange(self->waiting_, {});
      self->urgent_waits_ = false;
      std::move(behind.begin(), behind.end(), std::back_inserter(items));
    }
    if (self->options_.on_call) {
      made.took = std::chrono::steady_clock::now() - began;
      made.failed = failure != nullptr;
      self->options_.on_call(made);
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].done(failure, failure ? bullmq::RedisReply() : std::move(reply.elements[i]));
    }
    // Where as many wait again, the calls are as full as they get.
    const bool full = self->waiting_.size() >= kMany;
    if (items.size() < kMany || full || self->urgent_waits_ || self->options_.linger.count() == 0) continue;
    self->linger_.expires_after(self->options_.linger);
    boost::system::error_code cut_short;
    auto until_then = boost::asio::redirect_error(boost::asio::use_awaitable, cut_short);
    co_await self->linger_.async_wait(until_then);
  }
  self->flushing_ = false;
  sender.group.reset();
}

}  // namespace shunt::executor
