#pragma once

#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bullmq/error.hpp"

namespace bullmq::detail {

// Group commit: items of one kind that go to Redis together. What comes in one turn of the event loop, or
// while calls are on their way, shares the next call; nothing waits for a timer. Items go out in the order in
// which they came. One that must go alone (Item::alone) has a call of its own in its place in that order, and
// waits only for those before it to go out.
//
// An item whose call has gone out shares its fate: the answer, the error, or ConnectionError with
// Fate::unknown. A cancelled item ends at once; if it has not gone out, it never will. One thread or strand.
template <typename Item, typename Answer>
class CommitGroup : public std::enable_shared_from_this<CommitGroup<Item, Answer>> {
 public:
  // Sends the items in one call: an answer for each, in their order.
  using Send = std::function<boost::asio::awaitable<std::vector<Answer>>(std::vector<Item>)>;
  struct Limits {
    // Of one call.
    std::size_t items = 250;
    std::size_t bytes = 512UL * 1024;
    // Two keep Redis at work while the answers of one call are handed out here.
    std::size_t calls_at_once = 2;
    // Of all items that wait; more are refused (ConnectionOptions::max_unsent_bytes).
    std::size_t waiting_bytes = 256UL * 1024 * 1024;
  };

  CommitGroup(boost::asio::any_io_executor executor, Send send, Limits limits = {})
      : executor_(std::move(executor)), send_(std::move(send)), limits_(limits) {}

  [[nodiscard]] boost::asio::awaitable<Answer> join(Item item) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                       void(std::exception_ptr, Answer)>(
        Initiation{this}, boost::asio::use_awaitable, std::move(item));
  }

 private:
  // Whoever waits for an item. Shared with its cancellation slot.
  struct Waiter {
    virtual ~Waiter() = default;
    virtual void complete(std::exception_ptr failure, Answer answer) = 0;
    bool over = false;
    Item item;
  };
  using Waiters = std::vector<std::shared_ptr<Waiter>>;

  template <typename Handler>
  struct WaiterOf final : Waiter {
    explicit WaiterOf(Handler h) : handler(std::move(h)) {}
    void complete(std::exception_ptr failure, Answer answer) override {
      if (std::exchange(this->over, true)) return;
      auto slot = boost::asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.clear();
      // Moved out first: whoever is woken may destroy everything that it can reach.
      auto local = std::move(handler);
      local(std::move(failure), std::move(answer));
    }
    Handler handler;
  };

  struct Initiation {
    CommitGroup* group;
    template <typename Handler>
    void operator()(Handler&& handler, Item item) const {
      auto waiter = std::make_shared<WaiterOf<std::decay_t<Handler>>>(std::forward<Handler>(handler));
      waiter->item = std::move(item);
      auto slot = boost::asio::get_associated_cancellation_slot(waiter->handler);
      if (slot.is_connected()) {
        slot.assign([weak = std::weak_ptr<Waiter>(waiter),
                     executor = group->executor_](boost::asio::cancellation_type) {
          boost::asio::post(executor, [weak] {
            const auto strong = weak.lock();
            if (strong) strong->complete(aborted(), Answer());
          });
        });
      }
      group->enqueue(std::move(waiter));
    }
  };

  // Whoever is about to send what waits. What waits may keep the group alive, and the group has what waits:
  // when the event loop ends before it comes to that, this lets go of it.
  struct Sender {
    explicit Sender(std::shared_ptr<CommitGroup> of) : group(std::move(of)) {}
    Sender(Sender&&) noexcept = default;
    Sender& operator=(Sender&&) = delete;
    ~Sender() {
      if (group) std::exchange(group->waiting_, {}).clear();
    }
    std::shared_ptr<CommitGroup> group;
  };

  static std::exception_ptr aborted() {
    return std::make_exception_ptr(boost::system::system_error(boost::asio::error::operation_aborted));
  }

  void enqueue(std::shared_ptr<Waiter> waiter) {
    const std::size_t size = waiter->item.size();
    if (waiting_bytes_ + size > limits_.waiting_bytes) return refuse(std::move(waiter));
    waiting_bytes_ += size;
    waiting_.push_back(std::move(waiter));
    if (std::exchange(scheduled_, true)) return;
    // At the end of this turn, when all that it has to add is here.
    boost::asio::post(executor_, [sender = Sender(this->shared_from_this())]() mutable {
      const auto self = std::move(sender.group);
      self->scheduled_ = false;
      self->send_what_waits();
    });
  }

  // Not inside the call that adds it.
  void refuse(std::shared_ptr<Waiter> waiter) {
    boost::asio::post(executor_, [waiter = std::move(waiter), limit = limits_.waiting_bytes] {
      const std::string message = "too much waits for Redis: max_unsent_bytes is " + std::to_string(limit);
      waiter->complete(std::make_exception_ptr(ConnectionError(Fate::not_executed, message)), Answer());
    });
  }

  void send_what_waits() {
    while (!waiting_.empty()) {
      if (!waiting_.front()->item.alone && calls_ >= limits_.calls_at_once) return;
      Waiters batch = take_some();
      if (batch.empty()) continue;
      if (!batch.front()->item.alone) ++calls_;
      // Detached: it holds the group, and ends with its call.
      boost::asio::co_spawn(executor_, run(Sender(this->shared_from_this()), std::move(batch)),
                            boost::asio::detached);
    }
  }

  Waiters take_some() {
    Waiters batch;
    std::size_t bytes = 0;
    while (!waiting_.empty() && batch.size() < limits_.items && bytes < limits_.bytes) {
      const std::shared_ptr<Waiter>& next = waiting_.front();
      if (!next->over) {
        if (next->item.alone && !batch.empty()) break;
        bytes += next->item.size();
        batch.push_back(next);
      }
      waiting_bytes_ -= next->item.size();
      waiting_.pop_front();
      if (!batch.empty() && batch.back()->item.alone) break;
    }
    return batch;
  }

  static boost::asio::awaitable<void> run(Sender sender, Waiters batch) {
    const bool alone = batch.front()->item.alone;
    std::vector<Item> items;
    items.reserve(batch.size());
    for (const auto& waiter : batch) items.push_back(std::move(waiter->item));
    std::exception_ptr failure;
    std::vector<Answer> answers;
    bool late = false;
    try {
      answers = co_await sender.group->send_(std::move(items));
    } catch (const CommandTimeoutError&) {
      failure = std::current_exception();
      late = true;
    } catch (...) {
      failure = std::current_exception();
    }
    const auto self = std::move(sender.group);
    if (!alone) --self->calls_;
    // Nobody waits longer than one call may take: who came while this one hung is not kept for another.
    Waiters behind;
    if (late) {
      behind.assign(self->waiting_.begin(), self->waiting_.end());
      self->waiting_.clear();
      self->waiting_bytes_ = 0;
    }
    self->send_what_waits();
    answers.resize(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->complete(failure, std::move(answers[i]));
    if (behind.empty()) co_return;
    const auto unsent = std::make_exception_ptr(
        CommandTimeoutError(Fate::not_executed, "not sent: Redis did not answer the call before it in time"));
    for (const auto& waiter : behind) waiter->complete(unsent, Answer());
  }

  const boost::asio::any_io_executor executor_;
  const Send send_;
  const Limits limits_;
  std::deque<std::shared_ptr<Waiter>> waiting_;
  std::size_t waiting_bytes_ = 0;
  // Those that share.
  std::size_t calls_ = 0;
  bool scheduled_ = false;
};

}  // namespace bullmq::detail
