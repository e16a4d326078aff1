#pragma once

#include <cstdint>
#include <memory>

#include "bullmq/connection_options.hpp"

namespace bullmq::blocking {

// How the program reaches Redis: a thread that does the network's work, and a connection that the queues
// share. Make one and hand it to the Queues, Workers and QueueEvents; it serves any number of them.
//
// The thread and the connection live until the client and everything that was made with it have gone, in
// whatever order. Move-only. Any thread may use the client and the objects made with it, several at a time;
// destroying or moving an object is for one thread, when no other uses it.
//
// Listeners (of QueueEvents, WorkerListeners) run on the client's thread. They must not block for long,
// and must not call blocking functions, which throw Error there instead of waiting for themselves for ever.
class Client {
 public:
  // Does not wait for Redis: the connection is made in the background, and made again for ever when it
  // breaks. Throws ValidationError for options that cannot be understood.
  explicit Client(ConnectionOptions options = ConnectionOptions());
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  [[nodiscard]] const ConnectionOptions& options() const noexcept;
  // Returns when connected. Throws CommandTimeoutError after ConnectionOptions::command_timeout.
  void wait_until_ready();
  // How many exceptions reached the client's thread itself. Listeners and jobs report theirs elsewhere, so it
  // stays 0 unless the library has a fault; the thread goes on for the other objects. Any thread.
  [[nodiscard]] std::uint64_t stray_errors() const noexcept;

  struct Loop;
  [[nodiscard]] const std::shared_ptr<Loop>& loop() const noexcept { return loop_; }

 private:
  std::shared_ptr<Loop> loop_;
};

}  // namespace bullmq::blocking
