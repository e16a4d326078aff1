#include "bullmq/batcher.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <new>
#include <string>
#include <type_traits>

#include "bullmq/error.hpp"
#include "core/batch_queue.hpp"
#include "core/run_detached.hpp"

namespace bullmq::detail {

struct BatchWaiter::Operations {
  void (*complete)(void* handler, std::exception_ptr failure);
  void (*destroy)(void* handler) noexcept;
};

void BatchWaiter::abandon() noexcept {
  if (const Operations* const operations = std::exchange(operations_, nullptr)) operations->destroy(handler_);
}

template <typename Handler>
void BatchWaiter::set(Handler handler) {
  static_assert(sizeof(Handler) <= sizeof(handler_) && alignof(Handler) <= alignof(void*));
  static constexpr Operations kOperations{[](void* at, std::exception_ptr failure) {
                                            auto* const stored = static_cast<Handler*>(at);
                                            auto slot =
                                                boost::asio::get_associated_cancellation_slot(*stored);
                                            if (slot.is_connected()) slot.clear();
                                            // Moved out first: whoever is woken may destroy everything that
                                            // it can reach.
                                            Handler local = std::move(*stored);
                                            stored->~Handler();
                                            std::move(local)(std::move(failure));
                                          },
                                          [](void* at) noexcept { static_cast<Handler*>(at)->~Handler(); }};
  ::new (static_cast<void*>(handler_)) Handler(std::move(handler));
  operations_ = &kOperations;
}

void BatchWaiter::complete(std::exception_ptr failure) {
  if (const Operations* const operations = std::exchange(operations_, nullptr))
    operations->complete(handler_, std::move(failure));
}

// Carries out what a BatchQueue decides.
class BatchRunner : public std::enable_shared_from_this<BatchRunner> {
 public:
  BatchRunner(Executor executor, SendBatch send, BatcherOptions options)
      : executor_(std::move(executor)),
        send_(std::move(send)),
        options_(std::move(options)),
        queue_(options_) {}

  static awaitable<void> join(std::shared_ptr<BatchRunner> self, std::shared_ptr<BatchItem> item) {
    if (item == nullptr || item->state_ != BatchItem::State::idle)
      throw ValidationError("an item joins a batcher once");
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(std::exception_ptr)>(
        Initiation{std::move(self)}, boost::asio::use_awaitable, std::move(item));
  }

 private:
  using Item = std::shared_ptr<BatchItem>;

  struct Initiation {
    std::shared_ptr<BatchRunner> runner;
    template <typename Handler>
    void operator()(Handler&& handler, Item item) const {
      auto slot = boost::asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) {
        slot.assign([to = std::weak_ptr(runner), weak = std::weak_ptr(item)](boost::asio::cancellation_type) {
          if (const auto strong = to.lock()) strong->cancel_later(weak);
        });
      }
      item->waiter_.set(std::decay_t<Handler>(std::forward<Handler>(handler)));
      runner->add(std::move(item));
    }
  };

  // An item has the coroutine that waits for it, and that coroutine has the item and maybe this runner. When
  // the event loop ends before they are woken, whoever was to do it breaks these circles.
  struct Owned {
    explicit Owned(BatchQueue::Call of) : call(std::move(of)) {}
    Owned(Owned&&) noexcept = default;
    Owned& operator=(Owned&&) = delete;
    ~Owned() {
      for (const Item& item : call.items) item->waiter_.abandon();
    }
    BatchQueue::Call call;
  };
  // Whoever is about to send what waits.
  struct Hold {
    explicit Hold(std::shared_ptr<BatchRunner> of) : runner(std::move(of)) {}
    Hold(Hold&&) noexcept = default;
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (runner) Owned({.items = runner->queue_.take_all()});
    }
    std::shared_ptr<BatchRunner> runner;
  };

  void add(Item item) {
    const auto joined = queue_.join(item);
    if (joined == BatchQueue::Joined::refused) return refuse(std::move(item));
    if (joined == BatchQueue::Joined::waits) return;
    // At the end of this turn, when all that it has to add is here.
    boost::asio::post(executor_, [hold = Hold(shared_from_this())]() mutable {
      const auto self = std::move(hold.runner);
      self->queue_.turn_ended();
      self->send_what_may_go();
    });
  }

  // Not inside the call that adds it.
  void refuse(Item item) {
    std::string message = "too much waits to be sent: " + std::to_string(options_.max_waiting_bytes) +
                          " bytes and " + std::to_string(options_.max_waiting_items) + " items may";
    Owned refused({.items = {std::move(item)}});
    boost::asio::post(executor_, [refused = std::move(refused), message = std::move(message)] {
      refused.call.items.front()->waiter_.complete(
          std::make_exception_ptr(ConnectionError(Fate::not_executed, message)));
    });
  }

  // A cancelled coroutine must not be resumed inside emit().
  void cancel_later(std::weak_ptr<BatchItem> weak) {
    boost::asio::post(executor_, [self = weak_from_this(), weak = std::move(weak)] {
      const auto runner = self.lock();
      const auto item = weak.lock();
      if (runner && item) runner->cancel(*item);
    });
  }

  void cancel(BatchItem& item) {
    const auto cancelled = queue_.cancel(item);
    if (cancelled == BatchQueue::Cancelled::too_late) return;
    const Fate fate = cancelled == BatchQueue::Cancelled::taken_out ? Fate::not_executed : Fate::unknown;
    item.waiter_.complete(std::make_exception_ptr(CancelledError(fate)));
  }

  void send_what_may_go() {
    const auto now = std::chrono::steady_clock::now();
    while (auto call = queue_.next_call(now)) {
      // Detached: it holds the runner, and ends with its call.
      run_detached(executor_, make_call(Hold(shared_from_this()), Owned(std::move(*call)), now));
    }
    const auto again = queue_.ask_again_at();
    if (again && !std::exchange(timer_is_set_, true)) ask_again(*again);
  }

  // What waits has the timer, and not the runner: a batcher may be destroyed after its event loop.
  void ask_again(BatchQueue::TimePoint when) {
    const auto linger = std::make_shared<boost::asio::steady_timer>(executor_, when);
    linger->async_wait([linger, hold = Hold(shared_from_this())](const boost::system::error_code&) mutable {
      const auto self = std::move(hold.runner);
      self->timer_is_set_ = false;
      self->send_what_may_go();
    });
  }

  static awaitable<void> make_call(Hold hold, Owned owned, BatchQueue::TimePoint began) {
    auto how = BatchQueue::End::answered;
    std::exception_ptr failure;
    try {
      co_await hold.runner->send_(owned.call.items);
    } catch (const CommandTimeoutError&) {
      failure = std::current_exception();
      how = BatchQueue::End::timed_out;
    } catch (...) {
      failure = std::current_exception();
      how = BatchQueue::End::failed;
    }
    const auto self = std::move(hold.runner);
    self->finish_call(owned.call, how, failure, began);
  }

  void finish_call(const BatchQueue::Call& call, BatchQueue::End how, const std::exception_ptr& failure,
                   BatchQueue::TimePoint began) {
    const auto now = std::chrono::steady_clock::now();
    const std::vector<Item> behind = queue_.give_up_behind(how);
    if (options_.on_call) {
      options_.on_call({.items = call.items.size(),
                        .bytes = call.bytes,
                        .took = now - began,
                        .failed = failure != nullptr});
    }
    const bool first = queue_.answers_come_first();
    if (first) hand_out(call.items, failure);
    queue_.call_ended(call, now);
    send_what_may_go();
    if (!first) hand_out(call.items, failure);
    if (behind.empty()) return;
    hand_out(behind, std::make_exception_ptr(CommandTimeoutError(
                         Fate::not_executed, "not sent: the call before it got no answer in time")));
  }

  void hand_out(const std::vector<Item>& items, const std::exception_ptr& failure) {
    for (const Item& item : items) {
      if (!BatchQueue::decide(*item)) continue;
      try {
        item->waiter_.complete(failure ? failure : item->failure_);
      } catch (...) {
        // Of whoever was woken, not ours: it leaves the event loop's run(), and the others get their answers.
        boost::asio::post(executor_, [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
      }
    }
  }

  const Executor executor_;
  const SendBatch send_;
  const BatcherOptions options_;
  BatchQueue queue_;
  bool timer_is_set_ = false;
};

std::shared_ptr<BatchRunner> make_batch_runner(Executor executor, SendBatch send, BatcherOptions options) {
  return std::make_shared<BatchRunner>(std::move(executor), std::move(send), std::move(options));
}

awaitable<void> join_batch(std::shared_ptr<BatchRunner> runner, std::shared_ptr<BatchItem> item) {
  return BatchRunner::join(std::move(runner), std::move(item));
}

}  // namespace bullmq::detail
