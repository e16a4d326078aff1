#include "bullmq/blocking_client.hpp"

#include <boost/asio/post.hpp>
#include <exception>
#include <stdexcept>
#include <utility>

#include "blocking/call.hpp"
#include "blocking/loop.hpp"
#include "bullmq/error.hpp"
#include "redis/connection.hpp"

namespace bullmq::blocking {

namespace {

void run(boost::asio::io_context& context, std::atomic<std::uint64_t>& stray_errors) {
  while (true) {
    try {
      context.run();
      return;
    } catch (const std::exception&) {
      // Every coroutine and every listener has a place that its exceptions go to. One that got past it must
      // not take the other objects' work with it.
      ++stray_errors;
    }
  }
}

}  // namespace

Client::Loop::Loop(ConnectionOptions connection_options)
    : context(std::make_shared<boost::asio::io_context>(1)),
      stray_errors(std::make_shared<std::atomic<std::uint64_t>>(0)),
      gate(std::make_shared<detail::Gate>(context->get_executor(), std::nullopt)),
      options(std::move(connection_options)),
      connection(open_connection(context->get_executor(), options)),
      work_(context->get_executor()),
      thread_([context = context, stray = stray_errors] { run(*context, *stray); }) {}

Client::Loop::~Loop() {
  boost::asio::post(*context, [gate = std::move(gate), connection = std::move(connection)] {
    gate->close();
    connection->close();
  });
  work_.reset();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

Client::Client(ConnectionOptions options) try : loop_(std::make_shared<Loop>(std::move(options))) {
} catch (const Error&) {
  throw;
} catch (const std::runtime_error& error) {
  throw Error(std::string("a client needs a thread and a descriptor for its event loop: ") + error.what());
}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

const ConnectionOptions& Client::options() const noexcept {
  return loop_->options;
}

void Client::wait_until_ready() {
  const detail::Kept<detail::Connection> connection(loop_->gate, loop_->connection);
  detail::call(connection, [](detail::Connection& opened) { return opened.wait_until_up(); });
}

std::uint64_t Client::stray_errors() const noexcept {
  return *loop_->stray_errors;
}

}  // namespace bullmq::blocking
