#include "blocking/gate.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include "bullmq/error.hpp"

namespace bullmq::detail {

namespace asio = boost::asio;

namespace {

std::exception_ptr gone() {
  return std::make_exception_ptr(ConnectionError(
      Fate::unknown,
      "Connection is closed. (The client or the worker that this object belongs to has ended.)"));
}

template <typename Known>
bool runs_here(const Executor& executor) {
  const auto* known = executor.target<Known>();
  return known != nullptr && known->running_in_this_thread();
}

}  // namespace

Gate::Gate(Executor executor, std::optional<Milliseconds> timeout)
    : executor_(std::move(executor)), timeout_(timeout) {}

void Gate::refuse_own_thread() const {
  const std::lock_guard guard(mutex_);
  if (closed_) return;
  // Executors of other kinds cannot tell; there the gate's timeout ends the waiting.
  if (runs_here<asio::io_context::executor_type>(executor_) ||
      runs_here<asio::thread_pool::executor_type>(executor_) ||
      runs_here<asio::strand<asio::io_context::executor_type>>(executor_) ||
      runs_here<asio::strand<asio::thread_pool::executor_type>>(executor_) ||
      runs_here<asio::strand<asio::any_io_executor>>(executor_)) {
    throw Error(
        "a blocking function of bullmq was called on the thread that does its work, where it would wait for "
        "itself for ever: a listener, or a coroutine of the worker's executor, has to leave it to another "
        "thread");
  }
}

bool Gate::shares_executor_with(const Gate& other) const {
  if (this == &other) return true;
  const std::scoped_lock guard(mutex_, other.mutex_);
  return executor_ == other.executor_;
}

bool Gate::post(std::function<void()> work) {
  const std::lock_guard guard(mutex_);
  if (closed_) return false;
  asio::post(executor_, [self = shared_from_this(), work = std::move(work)] {
    // Only this thread closes it.
    if (!self->closed_) work();
  });
  return true;
}

void Gate::begin(const std::shared_ptr<PendingCall>& call, std::function<void()> work) {
  {
    const std::lock_guard guard(mutex_);
    if (!closed_) calls_.insert(call);
  }
  if (!post(std::move(work))) call->fail(gone());
}

void Gate::end(const std::shared_ptr<PendingCall>& call) {
  const std::lock_guard guard(mutex_);
  calls_.erase(call);
}

void Gate::keep(std::shared_ptr<void> object) {
  const std::lock_guard guard(mutex_);
  if (closed_) return;
  const void* key = object.get();
  kept_.emplace(key, std::move(object));
}

void Gate::release(const void* object) {
  const std::lock_guard guard(mutex_);
  if (closed_) return;
  const auto entry = kept_.find(object);
  if (entry == kept_.end()) return;
  asio::post(executor_, [last = std::move(entry->second)] {});
  kept_.erase(entry);
}

void Gate::close() {
  decltype(kept_) kept;
  decltype(calls_) calls;
  {
    const std::lock_guard guard(mutex_);
    if (closed_) return;
    closed_ = true;
    kept.swap(kept_);
    calls.swap(calls_);
    executor_ = {};
  }
  for (const auto& call : calls) call->fail(gone());
}

}  // namespace bullmq::detail
