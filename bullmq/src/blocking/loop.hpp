#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <thread>

#include "blocking/gate.hpp"
#include "bullmq/blocking_client.hpp"
#include "bullmq/connection.hpp"

namespace bullmq::blocking {

// The thread of a client. Shared by everything that was made with it; the last to go ends it.
struct [[gnu::visibility("hidden")]] Client::Loop {
  explicit Loop(ConnectionOptions connection_options);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // Shared with the thread, which may outlive this: a listener can drop the last object.
  std::shared_ptr<boost::asio::io_context> context;
  std::shared_ptr<std::atomic<std::uint64_t>> stray_errors;
  std::shared_ptr<detail::Gate> gate;
  const ConnectionOptions options;
  // The thread's only.
  SharedConnection connection;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace bullmq::blocking
