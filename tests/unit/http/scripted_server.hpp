#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// A server of one connection: does what a test says with it, on a thread of its own, and closes it.
class ScriptedServer {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  explicit ScriptedServer(std::function<void(Socket&)> script)
      : acceptor_(context_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        port_(acceptor_.local_endpoint().port()),
        thread_([this, script = std::move(script)] {
          Socket socket(context_);
          acceptor_.accept(socket);
          boost::system::error_code gone;  // the client may leave when it likes
          try {
            script(socket);
          } catch (const boost::system::system_error&) {
            socket.close(gone);
          }
        }) {}
  ~ScriptedServer() {
    boost::system::error_code ignored;
    Socket(context_).connect({boost::asio::ip::make_address("127.0.0.1"), port_}, ignored);
    thread_.join();
  }

  [[nodiscard]] std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }

  // A request's header block.
  static std::string read_header(Socket& socket) {
    std::string received;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(received), "\r\n\r\n");
    return received;
  }
  static void send(Socket& socket, std::string_view bytes) {
    boost::asio::write(socket, boost::asio::buffer(bytes.data(), bytes.size()));
  }
  // Reads until the client closes.
  static void wait_for_end(Socket& socket) {
    boost::system::error_code end;
    char byte = 0;
    while (!end) socket.read_some(boost::asio::buffer(&byte, 1), end);
  }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  unsigned short port_;
  std::thread thread_;
};

}  // namespace shunt::http
