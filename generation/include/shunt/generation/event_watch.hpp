#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// One reader's place in a generation's event stream. Pulled, never pushed: a slow reader holds a number, not
// a backlog, so it costs no memory and never slows the generator. Use from one thread at a time; the function
// given to on_ready or on_end may be called from any thread.
//
// Whoever wants the result only reads nothing: it waits with on_end and takes record_at_end.
class EventWatch {
 public:
  // Forgets the function given to on_ready or on_end; it may still be running on another thread when this
  // returns.
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

  // Calls `over` once when the generation has ended, whatever has been read: at once, inside this call, if it
  // has ended already. Otherwise like on_ready, whose function it replaces.
  virtual void on_end(std::function<void()> over) = 0;

  // The generation as it ended, whatever has been read: the one record that all its watches share, so nobody
  // copies it. nullptr while it goes on, and once it has been evicted (lost()). It stays whole for as long as
  // somebody holds it, also after an eviction.
  [[nodiscard]] virtual std::shared_ptr<const GenerationRecord> record_at_end() const = 0;

  // A copy of the generation as it stands now. Without text and result once it has been evicted.
  [[nodiscard]] virtual GenerationRecord record() const = 0;
};

struct WatchOptions {
  std::uint64_t after_sequence = 0;  // events with a larger number
};

}  // namespace shunt::generation
