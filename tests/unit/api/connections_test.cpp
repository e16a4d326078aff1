// Who gets in when there are too many, and who has to go for it.
#include <deque>
#include <thread>

#include "server_fixture.hpp"
#include "shunt/base/digest.hpp"
#include "support/throws.hpp"

namespace shunt::api {
namespace {

using namespace testing;

constexpr const char* kAnn = "Authorization: Bearer secret-ann\r\n";

class ConnectionsTest : public ServerTest {
 protected:
  void add_key() { options_.keys.push_back({.name = "ann", .sha256_hex = sha256_hex("secret-ann")}); }
  // A stream whose generation runs until the test ends it.
  void open_stream(HttpClient& http) {
    const std::string body = R"({"model":"held","stream":true})";
    http.send("POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
              std::string(kAnn) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    (void)http.read_head();
  }
};

TEST_F(ConnectionsTest, IdleSocketsOfStrangersLockNobodyOut) {
  add_key();
  options_.max_connections = 100;
  serve();
  HttpClient stream = client();
  open_stream(stream);
  const auto run = generator_->take();
  std::deque<HttpClient> idle;
  // Its loop may be slow to take it over; once it was answered it waits, before all the others.
  idle.emplace_back(server_->port());
  EXPECT_EQ(idle.front().request("GET", "/healthz").status, 200);
  while (idle.size() < 400) idle.emplace_back(server_->port());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client().request("GET", "/healthz").status, 200);
    EXPECT_EQ(client().request("GET", "/v1/models", {}, kAnn).status, 200);
  }
  EXPECT_TRUE(idle.front().closed_by_server()) << "the one that waited longest went first";
  const std::string metrics = client().request("GET", "/metrics", {}, kAnn).body;
  EXPECT_NE(metrics.find("shunt_http_connections_shed_total 3"), std::string::npos);
  run->succeed();
  EXPECT_NO_THROW(stream.read_until("event: succeeded"));
}

TEST_F(ConnectionsTest, AnExceptionEndsOneConnectionAndIsCounted) {
  const auto thrown = std::make_shared<std::atomic<bool>>(false);
  auto server = HttpServer::listen(options_, loops_, recording_, models_, [thrown] {
    if (!thrown->exchange(true)) throw std::runtime_error("a broken invariant");
    return std::string();
  });
  ASSERT_TRUE(server.ok()) << server.error().message;
  server_ = std::move(*server);
  HttpClient other = client();
  HttpClient failing = client();
  failing.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(failing.closed_by_server());
  const std::string metrics = other.request("GET", "/metrics").body;
  EXPECT_NE(metrics.find("shunt_http_connections_failed_total 1"), std::string::npos) << metrics;
}

TEST_F(ConnectionsTest, UnfinishedHeadersLockNobodyOut) {
  add_key();
  options_.max_connections = 50;
  options_.header_timeout = 1h;
  serve();
  std::deque<HttpClient> slow;
  for (int i = 0; i < 200; ++i) slow.emplace_back(server_->port()).send("GET /healthz HTTP/1.1\r\nX: ");
  EXPECT_EQ(client().request("GET", "/v1/models", {}, kAnn).status, 200);
  EXPECT_EQ(client().request("GET", "/readyz").status, 200);
}

TEST_F(ConnectionsTest, ProbesAreAnsweredWhenEveryConnectionHasARequestUnderWay) {
  add_key();
  options_.max_connections = 4;
  serve();
  std::deque<HttpClient> streams;
  std::vector<std::shared_ptr<GenerationRun>> runs;
  for (int i = 0; i < 4; ++i) {
    open_stream(streams.emplace_back(server_->port()));
    runs.push_back(generator_->take());
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(client().request("GET", "/healthz").status, 200);
    EXPECT_EQ(client().request("GET", "/readyz").status, 200);
    const Answer refused = client().request("GET", "/v1/models", {}, kAnn);
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.headers.at("connection"), "close");
    EXPECT_TRUE(refused.headers.contains("retry-after"));
  }
  for (const auto& run : runs) run->succeed();
  for (HttpClient& stream : streams) EXPECT_NO_THROW(stream.read_until("event: succeeded"));
  // The last of a stream is here a moment before its connection waits for another request.
  EXPECT_TRUE(shunt::testing::eventually(
      [&] { return client().request("GET", "/v1/models", {}, kAnn).status == 200; }));
}

// Some leave by themselves in the moment in which they are to go, others send their next request.
TEST_F(ConnectionsTest, TheLimitHoldsAfterManyHaveLeftWhileTheyWereToGo) {
  add_key();
  options_.max_connections = 4;
  serve();
  std::vector<std::thread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([this] {
      for (int round = 0; round < 300; ++round) {
        try {
          HttpClient http = client();
          for (int request = 0; request < 3; ++request) (void)http.request("GET", "/healthz");
        } catch (const std::exception&) {  // made room for another
          continue;
        }
      }
    });
  }
  for (std::thread& each : clients) each.join();
  std::deque<HttpClient> streams;
  std::vector<std::shared_ptr<GenerationRun>> runs;
  for (int i = 0; i < 4; ++i) {
    open_stream(streams.emplace_back(server_->port()));
    runs.push_back(generator_->take());
  }
  EXPECT_EQ(client().request("GET", "/v1/models", {}, kAnn).status, 503);
  for (const auto& run : runs) run->succeed();
}

TEST_F(ConnectionsTest, EmptyLinesKeepNoConnection) {
  options_.idle_timeout = 200ms;
  serve();
  HttpClient http = client();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(shunt::testing::throws<boost::system::system_error>([&] {
    while (std::chrono::steady_clock::now() - began < 5s) http.send("\r\n");
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 4s);
}

TEST_F(ConnectionsTest, BytesOfAHeaderKeepNoConnection) {
  options_.header_timeout = 200ms;
  serve();
  HttpClient http = client();
  http.send("GET /healthz HTTP/1.1\r\nX: ");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(shunt::testing::throws<boost::system::system_error>([&] {
    for (int i = 0; i < 500 && std::chrono::steady_clock::now() - began < 5s; ++i) {
      http.send("x");
      std::this_thread::sleep_for(10ms);  // what a slow client does
    }
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 4s);
}

TEST_F(ConnectionsTest, AnAddressHasItsLimitUntilItShowsAKey) {
  add_key();
  options_.max_connections_per_address = 3;
  serve();
  HttpClient keyed = client();
  EXPECT_EQ(keyed.request("GET", "/v1/models", {}, kAnn).status, 200);
  std::deque<HttpClient> strangers;
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(strangers.emplace_back(server_->port()).request("GET", "/healthz").status, 200);
  HttpClient fourth = client();
  EXPECT_EQ(fourth.read_answer().status, 503);
  EXPECT_EQ(keyed.request("GET", "/v1/models", {}, kAnn).status, 200);
  EXPECT_EQ(strangers.back().request("GET", "/v1/models", {}, kAnn).status, 200) << "and it counts no more";
  EXPECT_EQ(client().request("GET", "/healthz").status, 200);
}

TEST_F(ConnectionsTest, ATrustedProxysConnectionsCountForItsClients) {
  add_key();
  options_.max_connections_per_address = 1;
  options_.trusted_proxies = {"127.0.0.0/8"};
  serve();
  std::deque<HttpClient> pool;
  for (int i = 0; i < 5; ++i) {
    HttpClient& http = pool.emplace_back(server_->port());
    EXPECT_EQ(http.request("GET", "/healthz", {}, "X-Forwarded-For: 9.9.9.9, 192.0.2.1\r\n").status, 200)
        << "one at a time is within the limit";
  }
}

TEST_F(ConnectionsTest, AReloadKeepsTheRateThatAKeyHasUsed) {
  add_key();
  options_.keys.front().requests_per_second = 0.001;
  options_.keys.front().burst = 1;
  serve();
  EXPECT_EQ(client().request("GET", "/v1/models", {}, kAnn).status, 200);
  EXPECT_EQ(client().request("GET", "/v1/models", {}, kAnn).status, 429);
  auto options = options_;
  options.keys.push_back({.name = "bob", .sha256_hex = sha256_hex("secret-bob")});
  ASSERT_TRUE(server_->reload(options).ok());
  EXPECT_EQ(client().request("GET", "/v1/models", {}, kAnn).status, 429);
  EXPECT_EQ(client().request("GET", "/v1/models", {}, "Authorization: Bearer secret-bob\r\n").status, 200);
  options.keys.erase(options.keys.begin());
  ASSERT_TRUE(server_->reload(options).ok());
  EXPECT_EQ(client().request("GET", "/v1/models", {}, kAnn).status, 401);
}

}  // namespace
}  // namespace shunt::api
