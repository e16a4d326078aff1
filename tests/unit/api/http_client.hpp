#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include <poll.h>

namespace shunt::api::testing {

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

// A blocking HTTP client that sends exactly the bytes it is told to. Every wait ends after ten seconds.
class HttpClient {
 public:
  explicit HttpClient(unsigned short port) : socket_(context_) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  }

  void send(std::string_view bytes) {
    boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()));
  }
  void finish_sending() { socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send); }
  // Closes with a reset instead of a goodbye.
  void reset() {
    socket_.set_option(boost::asio::socket_base::linger(true, 0));
    socket_.close();
  }
  void close() { socket_.close(); }

  Answer request(std::string_view method, std::string_view path, std::string_view body = {},
                 std::string_view headers = {}) {
    std::string text(method);
    text.append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers);
    if (!body.empty()) {
      text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    }
    send(text + "\r\n" + std::string(body));
    return read_answer();
  }

  // One response with Content-Length (or none).
  Answer read_answer() {
    Answer answer = read_head();
    const auto length = answer.headers.find("content-length");
    if (length == answer.headers.end()) return answer;
    const std::size_t size = std::stoul(length->second);
    while (buffer_.size() < size) receive();
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
  }

  Answer read_head() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) receive();
    Answer answer;
    answer.status = std::stoi(buffer_.substr(9, 3));
    for (std::size_t at = buffer_.find("\r\n") + 2; at < end + 2;) {
      const std::size_t line_end = buffer_.find("\r\n", at);
      const std::string line = buffer_.substr(at, line_end - at);
      const std::size_t colon = line.find(": ");
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      answer.headers[name] += line.substr(colon + 2);
      at = line_end + 2;
    }
    buffer_.erase(0, end + 4);
    return answer;
  }

  // Reads until `text` has come, and takes everything up to its end.
  std::string read_until(std::string_view text) {
    std::size_t at = 0;
    while ((at = buffer_.find(text)) == std::string::npos) receive();
    std::string taken = buffer_.substr(0, at + text.size());
    buffer_.erase(0, at + text.size());
    return taken;
  }

  // Whether the server ends the connection (a reset counts), after anything else it may send.
  bool closed_by_server() {
    try {
      for (;;) receive();
    } catch (const boost::system::system_error&) {
      return true;
    } catch (const std::runtime_error&) {
      return false;  // timed out
    }
  }

 private:
  void receive() {
    pollfd waiting{socket_.native_handle(), POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) != 1) throw std::runtime_error("the server said nothing for ten seconds");
    char bytes[16384];
    buffer_.append(bytes, socket_.read_some(boost::asio::buffer(bytes)));
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  std::string buffer_;
};

}  // namespace shunt::api::testing
