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
#include <vector>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// A server of one connection, or of a few, one after the other: does what a test says with each, on a thread
// of its own, and closes it.
class ScriptedServer {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Script = std::function<void(Socket&)>;

  explicit ScriptedServer(Script script) : ScriptedServer(std::vector<Script>{std::move(script)}) {}
  explicit ScriptedServer(std::vector<Script> scripts)
      : acceptor_(context_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        port_(acceptor_.local_endpoint().port()),
        thread_([this, scripts = std::move(scripts)] {
          for (const Script& script : scripts) serve(script);
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
  void serve(const Script& script) {
    Socket socket(context_);
    boost::system::error_code gone;  // the client may leave when it likes
    acceptor_.accept(socket, gone);
    try {
      script(socket);
    } catch (const boost::system::system_error&) {
      socket.close(gone);
    }
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  unsigned short port_;
  std::thread thread_;
};

}  // namespace shunt::http
