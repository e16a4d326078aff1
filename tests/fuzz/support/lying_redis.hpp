#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bullmq/error.hpp"
#include "redis/reply_reader.hpp"
#include "support/fuzzing.hpp"
#include "support/resp.hpp"

namespace shunt::fuzz {

// A Redis that introduces itself as one should, and then answers whatever it is asked with what it has been
// given. All that it says is well-formed: what a peer makes of broken bytes is another target's question.
// Loopback, on the loop of whoever made it.
class LyingRedis {
 public:
  explicit LyingRedis(boost::asio::io_context& loop)
      : acceptor_(loop, {boost::asio::ip::address_v4::loopback(), 0}) {
    boost::asio::co_spawn(loop, accept(), boost::asio::detached);
  }

  [[nodiscard]] std::string url() const {
    return "redis://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

  // The replies from now on, one a command; nil when there are none left.
  void tell(std::string_view replies) {
    replies_.clear();
    next_ = 0;
    bullmq::detail::ReplyReader reader(65'536);
    // Where they stop being the protocol, what came before is told all the same.
    may_refuse<bullmq::ConnectionError>([&] {
      reader.feed(replies);
      while (const auto reply = reader.next())
        append_resp(replies_.emplace_back(), about_the_command(*reply));
    });
  }
  [[nodiscard]] bool has_told_all() const noexcept { return next_ >= replies_.size(); }

 private:
  using Reply = bullmq::detail::Reply;
  using Socket = boost::asio::ip::tcp::socket;

  static constexpr std::chrono::milliseconds kBlock{20};

  struct Session {
    bool in_transaction = false;
  };

  boost::asio::awaitable<void> accept() {
    while (true) {
      Socket socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
      boost::asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), boost::asio::detached);
    }
  }

  boost::asio::awaitable<void> serve(Socket socket) {
    bullmq::detail::ReplyReader commands(16 * 1024 * 1024);
    Session session;
    std::array<char, 16'384> bytes{};
    while (true) {
      boost::system::error_code failure;
      const std::size_t count = co_await socket.async_read_some(
          boost::asio::buffer(bytes), boost::asio::redirect_error(boost::asio::use_awaitable, failure));
      if (failure) co_return;
      commands.feed({bytes.data(), count});
      std::string answers;
      bool blocks = false;
      while (const auto command = commands.next()) {
        blocks |= waits(*command);
        answers += answer(*command, session);
      }
      if (blocks && has_told_all()) {
        boost::asio::steady_timer pause(acceptor_.get_executor(), kBlock);
        co_await pause.async_wait(boost::asio::use_awaitable);
      }
      co_await boost::asio::async_write(socket, boost::asio::buffer(answers),
                                        boost::asio::redirect_error(boost::asio::use_awaitable, failure));
      if (failure) co_return;
    }
  }

  // A command's word, in capitals.
  static std::string word_of(const Reply& command, std::size_t at) {
    std::string text = at < command.elements.size() ? command.elements[at].text : std::string();
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
  }

  // Whether a server would let the client wait for something to come.
  static bool waits(const Reply& command) {
    const std::string name = word_of(command, 0);
    return name == "BZPOPMIN" || (name == "XREAD" && word_of(command, 3) == "BLOCK") ||
           (name == "XREAD" && word_of(command, 1) == "BLOCK");
  }

  std::string answer(const Reply& command, Session& session) {
    const auto word = [&command](std::size_t at) { return word_of(command, at); };
    const std::string name = word(0);
    if (name == "AUTH" || name == "SELECT" || (name == "CLIENT" && word(1) == "SETNAME")) return "+OK\r\n";
    if (name == "CLIENT" && word(1) == "ID") return ":7\r\n";
    if (name == "ROLE") return "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
    if (name == "INFO" && word(1) == "SERVER") return "$22\r\nredis_version:7.0.15\r\n\r\n";
    if (name == "PING") return "+PONG\r\n";
    if (name == "MULTI") {
      session.in_transaction = true;
      return "+OK\r\n";
    }
    if (name == "EXEC") session.in_transaction = false;
    if (session.in_transaction) return "+QUEUED\r\n";
    return has_told_all() ? "$-1\r\n" : replies_[next_++];
  }

  // Words that would send a client elsewhere, or make it wait, are none that are of interest here.
  static bool is_about_the_server(std::string_view error) {
    constexpr std::string_view kWords[] = {"MOVED",    "ASK",        "LOADING",     "READONLY", "NOSCRIPT",
                                           "TRYAGAIN", "MASTERDOWN", "CLUSTERDOWN", "NOAUTH",   "UNBLOCKED"};
    return std::ranges::any_of(kWords, [error](std::string_view word) { return error.starts_with(word); });
  }

  // Errors about the server become others, wherever they stand.
  static Reply about_the_command(Reply reply) {
    if (reply.type == Reply::Type::error && is_about_the_server(reply.text)) reply.text.insert(0, "ERR ");
    for (Reply& element : reply.elements) element = about_the_command(std::move(element));
    return reply;
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  std::vector<std::string> replies_;
  std::size_t next_ = 0;
};

}  // namespace shunt::fuzz
