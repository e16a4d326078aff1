#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace bullmq {

// Keeps a listener subscribed for as long as it lives. Move-only; may outlive what it listens to.
class [[nodiscard]] Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
  Subscription(Subscription&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
  Subscription& operator=(Subscription&& other) noexcept {
    if (this != &other) {
      cancel();
      cancel_ = std::exchange(other.cancel_, nullptr);
    }
    return *this;
  }
  ~Subscription() { cancel(); }

  void cancel() {
    if (auto cancel = std::exchange(cancel_, nullptr)) cancel();
  }
  // Listens until the source goes away.
  void detach() { cancel_ = nullptr; }

 private:
  std::function<void()> cancel_;
};

// Something that happens, and those who want to know. Listeners run one after the other, in the order of
// their subscription, on the thread of the object that the signal belongs to; one that throws does not keep
// the others from being called (see emit). A listener may subscribe, and cancel any subscription, its own
// too.
template <typename... Args>
class Signal {
 public:
  using Listener = std::function<void(Args...)>;

  Subscription subscribe(Listener listener) {
    const std::uint64_t key = ++state_->last_key;
    state_->listeners.push_back({key, std::make_shared<Listener>(std::move(listener))});
    return Subscription([weak = std::weak_ptr<State>(state_), key] {
      if (const auto state = weak.lock())
        std::erase_if(state->listeners, [key](const Entry& e) { return e.key == key; });
    });
  }

  // Calls every listener that was there when the call began and still is when its turn comes. An exception of
  // a listener goes to `on_exception` (called inside the catch clause).
  template <typename OnException, typename... Given>
  void emit(OnException&& on_exception, const Given&... args) const {
    if (state_->listeners.empty()) return;
    const auto state = state_;
    const std::vector<Entry> snapshot = state->listeners;
    for (const Entry& entry : snapshot) {
      if (!state->has(entry.key)) continue;
      try {
        (*entry.listener)(args...);
      } catch (...) {
        on_exception();
      }
    }
  }

  [[nodiscard]] bool empty() const noexcept { return state_->listeners.empty(); }

 private:
  struct Entry {
    std::uint64_t key;
    std::shared_ptr<Listener> listener;
  };
  struct State {
    std::uint64_t last_key = 0;
    std::vector<Entry> listeners;
    [[nodiscard]] bool has(std::uint64_t key) const {
      for (const Entry& entry : listeners) {
        if (entry.key == key) return true;
      }
      return false;
    }
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace bullmq
