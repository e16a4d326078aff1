#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// One reader's place in a generation's event stream. Pulled, never pushed: a slow reader holds a number, not
// a backlog, so it costs no memory and never slows the generator. Use from one thread at a time; on_ready's
// function may be called from any thread.
class EventWatch {
 public:
  // Forgets the function given to on_ready; it may still be running on another thread when this returns.
  virtual ~EventWatch() = default;

  // The next events in order, at least one if any is there, about `max_bytes` of payload at most. Empty: none
  // yet, or the terminal event has been read (ended()).
  [[nodiscard]] virtual std::vector<GenerationEvent> read(std::size_t max_bytes = 256 * 1024) = 0;

  // Whether read() has returned the terminal event, or never will (lost()).
  [[nodiscard]] virtual bool ended() const = 0;

  // The generation has been evicted before its end could be read: read() returns nothing more.
  [[nodiscard]] virtual bool lost() const { return false; }

  // Calls `ready` once when read() would return something: at once, inside this call, if that is so already.
  // Keep it short; it runs on the thread that produced the event. Replaces an earlier function.
  virtual void on_ready(std::function<void()> ready) = 0;
};

struct WatchOptions {
  std::uint64_t after_sequence = 0;  // events with a larger number
  bool only_terminal = false;        // skip to the last event: for callers that want the result only
};

}  // namespace shunt::generation
