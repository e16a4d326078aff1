#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "bullmq/awaitable.hpp"
#include "bullmq/job_options.hpp"

namespace bullmq::detail {

// A thread that waits for something that happens on an executor. See call.hpp.
class PendingCall {
 public:
  PendingCall() = default;
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;
  virtual ~PendingCall() = default;
  // Ends the waiting, unless it has ended already. Any thread.
  virtual void fail(std::exception_ptr why) = 0;
};

// The way from threads that may block to an executor, and to the coroutine objects that live there.
//
// Those objects must not be touched, and not even destroyed, by another thread, or after their io_context
// has gone; a thread that blocks for ever cannot be told to let go of its handles. So the gate owns the
// objects and the handles only know them, and once it is closed no handle reaches the executor any more.
class Gate : public std::enable_shared_from_this<Gate> {
 public:
  // `timeout`: how long a call waits for an executor that may not be running; absent: as long as it takes.
  Gate(Executor executor, std::optional<Milliseconds> timeout);

  // Any thread may call these.
  // Runs `work` on the executor. false: the gate is closed, and `work` is not run.
  bool post(std::function<void()> work);
  // The same for a call, which fails if the gate is closed, also if that happens later.
  void begin(const std::shared_ptr<PendingCall>& call, std::function<void()> work);
  void end(const std::shared_ptr<PendingCall>& call);
  // Lets go of an object, on the executor.
  void release(const void* object);
  // Throws Error when this thread is the executor's: it would wait for itself.
  void refuse_own_thread() const;
  [[nodiscard]] bool shares_executor_with(const Gate& other) const;
  [[nodiscard]] const std::optional<Milliseconds>& timeout() const noexcept { return timeout_; }

  // Only the executor's thread calls these.
  void keep(std::shared_ptr<void> object);
  // Fails every call that waits, lets go of every object. Nothing is run afterwards.
  void close();

  // The executor must be alive: on its thread, or while something that needs it is.
  [[nodiscard]] const Executor& executor() const noexcept { return executor_; }

 private:
  // Empty once closed: even destroying it may touch an io_context that has gone.
  Executor executor_;
  std::optional<Milliseconds> timeout_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::unordered_map<const void*, std::shared_ptr<void>> kept_;
  std::unordered_set<std::shared_ptr<PendingCall>> calls_;
};

// A handle's knowledge of an object that its gate owns. Any thread may drop it.
template <typename Object>
class Kept {
 public:
  // The executor's thread.
  Kept(std::shared_ptr<Gate> gate, const std::shared_ptr<Object>& object)
      : gate_(std::move(gate)), object_(object), key_(object.get()) {
    gate_->keep(object);
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() { gate_->release(key_); }

  [[nodiscard]] const std::shared_ptr<Gate>& gate() const noexcept { return gate_; }
  // Lock it on the executor's thread only.
  [[nodiscard]] const std::weak_ptr<Object>& object() const noexcept { return object_; }

 private:
  std::shared_ptr<Gate> gate_;
  std::weak_ptr<Object> object_;
  const void* key_;
};

}  // namespace bullmq::detail
