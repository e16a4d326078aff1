#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "bullmq/awaitable.hpp"

namespace bullmq {

namespace detail {

class BatchQueue;
class BatchRunner;

// The coroutine that waits for an item. It is kept inside the item, so waiting allocates nothing.
class BatchWaiter {
 public:
  BatchWaiter() = default;
  BatchWaiter(const BatchWaiter&) = delete;
  BatchWaiter& operator=(const BatchWaiter&) = delete;
  ~BatchWaiter() { abandon(); }
  template <typename Handler>
  void set(Handler handler);
  // Wakes it, at most once.
  void complete(std::exception_ptr failure);
  // Destroys it: its event loop ends.
  void abandon() noexcept;

 private:
  struct Operations;
  const Operations* operations_ = nullptr;
  alignas(void*) std::byte handler_[4 * sizeof(void*)];
};

}  // namespace detail

// What goes out in a batch, and what comes back for it: derive a class with members for both. The members
// here are set before Batcher::join() and left alone from then on.
class BatchItem {
 public:
  BatchItem() = default;
  BatchItem(const BatchItem&) = delete;
  BatchItem& operator=(const BatchItem&) = delete;
  virtual ~BatchItem() = default;

  // Counts for the bounds.
  std::size_t bytes = 0;
  // It has a call of its own, in its place in the order, which waits only for those before it to go out and
  // does not count among `calls_at_once`.
  bool alone = false;
  // It ends a linger.
  bool urgent = false;

  // Called by who sends: this item has failed though its call has not. Whoever waits for it gets `failure`.
  void fail(std::exception_ptr failure) noexcept { failure_ = std::move(failure); }

 private:
  friend class detail::BatchQueue;
  friend class detail::BatchRunner;
  enum class State : std::uint8_t { idle, waiting, sent, over };
  State state_ = State::idle;
  std::uint64_t place_ = 0;
  std::exception_ptr failure_;
  detail::BatchWaiter waiter_;
};

// A call that a Batcher has made, for those who count.
struct BatchCall {
  std::size_t items = 0;
  std::size_t bytes = 0;             // of the items
  std::chrono::nanoseconds took{0};  // until its answer
  bool failed = false;               // as a whole
};

struct BatcherOptions {
  // One call takes at most `max_items`, and no more once it has `max_bytes`: enough to share its cost, and
  // short enough not to hold up others on the server's one thread (docs/decisions/0010-group-commit.md).
  std::size_t max_items = 250;
  std::size_t max_bytes = 512UL * 1024;
  // Two keep the server at work while the answers of the first are handed out. With one, answers are handed
  // out before the next call goes out, so that what they lead to shares it.
  std::size_t calls_at_once = 2;
  // So many items, and bytes of them, may wait; more are refused.
  std::size_t max_waiting_items = 1'000'000;
  std::size_t max_waiting_bytes = 256UL * 1024 * 1024;
  // Where the number of calls is what costs: after a call that `linger_items` or more shared, the next one
  // waits this long, unless as many wait already or an item is urgent. 0: it does not wait.
  std::chrono::milliseconds linger{0};
  std::size_t linger_items = 16;
  // Is called after each call, before the answers are handed out. May be empty; must not throw.
  std::function<void(const BatchCall&)> on_call{};
};

namespace detail {

using BatchItems = std::span<const std::shared_ptr<BatchItem>>;
using SendBatch = std::function<awaitable<void>(BatchItems)>;

[[nodiscard]] std::shared_ptr<BatchRunner> make_batch_runner(Executor executor, SendBatch send,
                                                             BatcherOptions options);
[[nodiscard]] awaitable<void> join_batch(std::shared_ptr<BatchRunner> runner,
                                         std::shared_ptr<BatchItem> item);

}  // namespace detail

// The items of one call, in the order in which they joined: never empty. A view that is valid until the
// coroutine that got it ends.
template <std::derived_from<BatchItem> Item>
class Batch {
 public:
  explicit Batch(detail::BatchItems items) : items_(items) {}
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] Item& operator[](std::size_t i) const noexcept { return static_cast<Item&>(*items_[i]); }

 private:
  detail::BatchItems items_;
};

// Group commit: items of one kind that go to a server together. What joins in one turn of the event loop, or
// while calls are on their way, shares the next call; an item that comes alone does not wait for others.
// Items go out in the order in which they joined. It works best where a call takes many items for little more
// than the cost of one: a script, a command with many keys.
//
// Copies share everything. Threads: those of awaitable.hpp. A batcher may be destroyed while items wait: they
// go out all the same.
template <std::derived_from<BatchItem> Item>
class Batcher {
 public:
  // Sends the items in one call, and writes into each what came back for it. What it throws is what everybody
  // gets who waits for one of them. It needs a deadline of its own, as each command of this library has.
  using Send = std::function<awaitable<void>(Batch<Item>)>;

  Batcher(Executor executor, Send send, BatcherOptions options = {})
      : runner_(detail::make_batch_runner(
            std::move(executor),
            [send = std::move(send)](detail::BatchItems items) { return send(Batch<Item>(items)); },
            std::move(options))) {}

  // Returns when the item has what came back for it. An item joins once.
  //
  // Throws what its call throws, or what the sender failed it with; ConnectionError with Fate::not_executed
  // when too much waits already; CommandTimeoutError with Fate::not_executed when a call before it got no
  // answer in time (CommandTimeoutError), since nobody waits longer than for one call and one before it;
  // ValidationError for an item that has joined before.
  //
  // Cancelled, it throws CancelledError at once. An item that was not sent yet never will be
  // (Fate::not_executed); one that was shares the fate of its call, unseen (Fate::unknown).
  [[nodiscard]] awaitable<void> join(std::shared_ptr<Item> item) const {
    return detail::join_batch(runner_, std::move(item));
  }

 private:
  std::shared_ptr<detail::BatchRunner> runner_;
};

}  // namespace bullmq
