#pragma once

#include <functional>
#include <thread>
#include <utility>

#include "namespace.hpp"

namespace shunt::app {

// SIGINT, SIGTERM and SIGHUP as an orderly request: the first one calls a function, a second one ends the
// process at once with 128 + its number. A SIGHUP may mean something else (on_hang_up), is never the second
// one, since a terminal that goes may send it after Ctrl-C, and stays ignored where the process was started
// so (nohup). Make it before any other thread, which then inherits the blocked signals.
class ShutdownSignals {
 public:
  ShutdownSignals();
  // Stops; the signals stay blocked, since the process is about to end.
  ~ShutdownSignals();
  ShutdownSignals(const ShutdownSignals&) = delete;
  ShutdownSignals& operator=(const ShutdownSignals&) = delete;

  // No function is called any more once this has returned; what the first one uses may go then.
  void stop();

  // What a SIGHUP before the first signal does: `handle` tells whether it asks to stop, as it does without
  // this. Before on_first; `handle` is called on its thread.
  void on_hang_up(std::function<bool()> handle) { hang_up_ = std::move(handle); }

  // Starts a thread that calls `first(signal number)` on the first signal, also one that came before. Once.
  void on_first(std::function<void(int)> first);

 private:
  int signals_ = -1;  // signalfd
  int wake_ = -1;     // eventfd: time to go
  std::function<bool()> hang_up_;
  std::thread thread_;
};

}  // namespace shunt::app
