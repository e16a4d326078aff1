#pragma once

#include <functional>
#include <thread>

namespace shunt::app {

// SIGINT and SIGTERM as an orderly request: the first one calls a function, a second one ends the process at
// once with 128 + its number. Make it before any other thread, which then inherits the blocked signals.
class ShutdownSignals {
 public:
  ShutdownSignals();
  // Stops; the signals stay blocked, since the process is about to end.
  ~ShutdownSignals();
  ShutdownSignals(const ShutdownSignals&) = delete;
  ShutdownSignals& operator=(const ShutdownSignals&) = delete;

  // No function is called any more once this has returned; what the first one uses may go then.
  void stop();

  // Starts a thread that calls `first(signal number)` on the first signal, also one that came before. Once.
  void on_first(std::function<void(int)> first);

 private:
  int signals_ = -1;  // signalfd
  int wake_ = -1;     // eventfd: time to go
  std::thread thread_;
};

}  // namespace shunt::app
