// The server with an application of a few lines: it knows nothing of what is asked for.
#include "shunt/http/server/server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include "unit/api/http_client.hpp"

namespace shunt::http {
namespace {

using namespace std::chrono_literals;
using api::testing::HttpClient;

class NoMetrics final : public ServerMetrics {
 public:
  void connection_opened() override {}
  void connection_closed() override {}
  void connection_shed() override {}
  void connection_failed() override {}
  void received(std::size_t) override {}
  void sent(std::size_t) override {}
};

// Sends bodies back, counts those for /pieces while they come, takes the beginning of those for /first; says
// "no" to whoever asks for /secret, before the body.
class EchoHandler final : public RequestHandler {
 public:
  EchoHandler(const ServerLimits& limits, std::atomic<int>& ended) : limits_(limits), ended_(ended) {}

  const ServerLimits& renew() override { return limits_; }
  HeaderVerdict check(ServerExchange& exchange, SteadyTime) override {
    if (exchange.request.target == "/pieces" || exchange.request.target == "/first") {
      return {.max_body_bytes = kStreamed, .streams_body = true};
    }
    if (exchange.request.target != "/secret") return {.max_body_bytes = 8};
    exchange.response.status = 403;
    exchange.response.body = "no";
    return {.answered = true};
  }
  Task<void> handle(ServerExchange& exchange) override {
    if (exchange.body != nullptr) {
      co_await count(exchange);
      co_return;
    }
    exchange.response.body = exchange.request.body;
    co_return;
  }
  void refuse(Response& response, const Error& error) override {
    response.replace_body(400, "text/plain");
    response.body = error.code.text();
  }
  void answered(const ServerExchange&, std::chrono::nanoseconds) override {}
  void end() noexcept override { ++ended_; }

 private:
  static Task<void> count(ServerExchange& exchange) {
    std::size_t bytes = 0;
    std::size_t longest = 0;
    for (;;) {
      auto more = exchange.body->more();
      const Result<std::string_view> piece = co_await more;
      if (!piece) {
        exchange.response.status = 400;
        exchange.response.body = piece.error().code.text();
        co_return;
      }
      if (piece->empty()) break;
      bytes += piece->size();
      longest = std::max(longest, piece->size());
      if (exchange.request.target == "/first") break;
    }
    EXPECT_LE(longest, 256U * 1024);
    EXPECT_EQ(exchange.body->done(), exchange.request.target == "/pieces" || bytes < 8);
    exchange.response.body = exchange.request.target == "/first" ? "enough" : std::to_string(bytes);
  }

  static constexpr std::size_t kStreamed = 4UL * 1024 * 1024;
  const ServerLimits& limits_;
  std::atomic<int>& ended_;
};

class Echo final : public Application {
 public:
  std::shared_ptr<const ServerLimits> limits() const override { return limits_; }
  std::unique_ptr<RequestHandler> make_handler() override {
    return std::make_unique<EchoHandler>(*limits_, ended);
  }
  void refuse(Response& response, const Error&) const override { response.replace_body(503, "text/plain"); }

  std::atomic<int> ended{0};
  NoMetrics metrics;
  ServerState state{.metrics = metrics, .memory = MemoryBudget::unlimited()};

 private:
  const std::shared_ptr<const ServerLimits> limits_ = std::make_shared<ServerLimits>();
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    auto listening =
        Server::listen({boost::asio::ip::make_address("127.0.0.1"), 0}, loops_, echo_, echo_->state);
    if (!listening) throw std::runtime_error(listening.error().message);
    server_ = std::move(*listening);
  }

  EventLoopThreads loops_{1};
  std::shared_ptr<Echo> echo_ = std::make_shared<Echo>();
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, HandsRequestsToItsApplication) {
  HttpClient client(server_->port());
  EXPECT_EQ(client.request("POST", "/", "hello").body, "hello");
  EXPECT_EQ(client.request("GET", "/").status, 200);
}

TEST_F(ServerTest, AnApplicationMayAnswerBeforeTheBody) {
  HttpClient client(server_->port());
  const auto answer = client.request("GET", "/secret");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, "no");
}

TEST_F(ServerTest, TheApplicationSaysHowErrorsLook) {
  HttpClient client(server_->port());
  EXPECT_EQ(client.request("POST", "/", "nine bytes").body, "body_too_large");
  HttpClient other(server_->port());
  other.send("nonsense\n\n");
  EXPECT_EQ(other.read_answer().body, "malformed_request");
}

TEST_F(ServerTest, ABodyMayBeTakenInPiecesAndTheNextRequestFollows) {
  HttpClient client(server_->port());
  EXPECT_EQ(client.request("POST", "/pieces", std::string(3'000'000, 'x')).body, "3000000");
  EXPECT_EQ(client.request("POST", "/pieces", "").body, "0");
  EXPECT_EQ(client.request("POST", "/", "hello").body, "hello");
  client.send("POST /pieces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("1\r\nx\r\n2\r\nyz\r\n0\r\nTrailer: x\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "3");
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(ServerTest, ABodyThatComesInPiecesHasALimitTooAndMayEndEarly) {
  HttpClient client(server_->port());
  client.send("POST /pieces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400001\r\n" +
              std::string(0x400001, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "body_too_large");
  HttpClient other(server_->port());
  other.send("POST /pieces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
  EXPECT_EQ(other.read_answer().body, "malformed_request");
}

// What is left of the body cannot be told from a request, so nothing behind it is answered.
TEST_F(ServerTest, AHandlerThatTakesOnlyTheBeginningEndsTheConnection) {
  HttpClient client(server_->port());
  client.send("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(1000, 'x'));
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.body, "enough");
  EXPECT_EQ(answer.headers.at("connection"), "close");
}

TEST_F(ServerTest, WhatIsHeldForARequestEndsWithIt) {
  {
    HttpClient client(server_->port());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.request("POST", "/", "x").status, 200);
  }
  server_->close(10s);
  EXPECT_GE(echo_->ended.load(), 3);
}

TEST_F(ServerTest, ASecondServerLearnsThatThePortIsTaken) {
  const auto second = Server::listen({boost::asio::ip::make_address("127.0.0.1"), server_->port()}, loops_,
                                     echo_, echo_->state);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "address_in_use");
}

}  // namespace
}  // namespace shunt::http
