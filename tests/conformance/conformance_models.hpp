#pragma once

#include <condition_variable>
#include <mutex>

#include "shunt/generation/model_registry.hpp"

namespace shunt::testing {

// Holds generations until a test lets them go.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  // Returns when the gate is open or a stop is requested.
  void pass(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
};

// The models that the conformance suite talks to; any executor must be able to run them.
//   echo       the input's "text" as one delta; result {"length": n}
//   tokens     "count" deltas "0 ", "1 ", ...; progress and a log line in between
//   gated      one delta "waiting", then waits for the gate; concurrency 1, one place in line
//   stubborn   ignores its stop token until the gate opens; stop_grace 100 ms
//   throwing   throws
//   vanishing  drops its run
//   artifact   an artifact of "size" bytes and one of zero bytes
//   bytes      deltas that cut a UTF-8 sequence in half, and invalid ones
//   limited    as tokens, with max_text_bytes 64
//   picky      check_input refuses an input without "text"
[[nodiscard]] ModelRegistry conformance_models(Gate& gate);

}  // namespace shunt::testing
