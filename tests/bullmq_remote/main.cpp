// Lines in, lines out: one JSON object each (README.md).
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <istream>

#include "remote.hpp"

namespace {

namespace asio = boost::asio;
using remote::Json;

void send_line(const Json& message) {
  std::cout << message.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
}

bullmq::awaitable<void> answer(remote::Remote& remote, Json request) {
  const Json id = request["id"];
  std::exception_ptr failure;
  Json result;
  try {
    result = co_await remote.answer(std::move(request));
  } catch (...) {
    failure = std::current_exception();
  }
  Json reply = Json::object();
  reply["id"] = id;
  if (failure) {
    reply["error"] = remote::encode_error(failure);
  } else {
    reply["ok"] = result;
  }
  send_line(reply);
}

bullmq::awaitable<void> serve(remote::Remote& remote, asio::posix::stream_descriptor input) {
  asio::streambuf buffer;
  boost::system::error_code ended;
  while (true) {
    co_await asio::async_read_until(input, buffer, '\n', asio::redirect_error(asio::use_awaitable, ended));
    if (ended) break;
    std::istream stream(&buffer);
    std::string line;
    std::getline(stream, line);
    if (line.empty()) continue;
    Json message = Json::parse(line, nullptr, false);
    if (!message.is_object()) {
      std::cerr << "not the line protocol: " << line << '\n';
      std::_Exit(2);
    }
    if (!message.contains("id")) {
      remote.settle(message);
    } else {
      // Runs up to its first wait here: requests take effect in the order of their lines.
      asio::co_spawn(input.get_executor(), answer(remote, std::move(message)), asio::detached);
    }
  }
  co_await remote.end();
  std::cout.flush();
  std::_Exit(0);
}

}  // namespace

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context loop(1);
  remote::Remote remote(loop.get_executor(), send_line);
  asio::posix::stream_descriptor input(loop, ::dup(STDIN_FILENO));
  asio::co_spawn(loop, serve(remote, std::move(input)), asio::detached);
  loop.run();
}
