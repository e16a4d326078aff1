// Keys, limits, timeouts, start and stop of the server.
#include <thread>

#include "server_fixture.hpp"
#include "shunt/base/digest.hpp"

namespace shunt::api {
namespace {

using namespace testing;

class ServerLimitsTest : public ServerTest {
 protected:
  void add_key(const char* name, std::size_t max_concurrent = 0, double rate = 0) {
    options_.keys.push_back({.name = name,
                             .sha256_hex = sha256_hex(std::string("secret-") + name),
                             .max_concurrent = max_concurrent,
                             .requests_per_second = rate});
  }
};

constexpr const char* kAnn = "Authorization: Bearer secret-ann\r\n";
constexpr const char* kBob = "Authorization: Bearer secret-bob\r\n";

TEST_F(ServerLimitsTest, KeysOpenEverythingButTheProbes) {
  add_key("ann");
  serve();
  const Answer refused = client().request("GET", "/v1/models");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.headers.at("www-authenticate"), R"(Bearer realm="shunt")");
  EXPECT_EQ(client().request("GET", "/v1/models", {}, "Authorization: Bearer wrong\r\n").status, 401);
  EXPECT_EQ(client().request("GET", "/v1/models", {}, kAnn).status, 200);
  EXPECT_EQ(client().request("GET", "/healthz").status, 200);
  EXPECT_EQ(client().request("GET", "/readyz").status, 200);
  EXPECT_EQ(client().request("GET", "/metrics").status, 401);
  EXPECT_EQ(client().request("POST", "/v1/generations", kHeld).status, 401);
}

TEST_F(ServerLimitsTest, CallersSeeOnlyTheirOwnGenerations) {
  add_key("ann");
  add_key("bob");
  serve();
  HttpClient http = client();
  http.send(
      "POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16\r\n" +
      std::string(kAnn) + "\r\n" + kHeld);
  generator_->take()->succeed();
  const std::string path = http.read_answer().headers.at("location");
  EXPECT_EQ(http.request("GET", path, {}, kAnn).status, 200);
  for (const char* below : {"", "/events", "/artifacts/a"}) {
    EXPECT_EQ(http.request("GET", path + below, {}, kBob).status, 404) << below;
  }
  EXPECT_EQ(http.request("POST", path + "/cancel", {}, kBob).status, 404);
  EXPECT_NE(http.request("GET", "/v1/generations", {}, kAnn).body.find("gen_"), std::string::npos);
  EXPECT_EQ(http.request("GET", "/v1/generations", {}, kBob).body,
            R"({"generations":[],"next_cursor":null})");
}

TEST_F(ServerLimitsTest, AKeyHasItsOwnLimits) {
  add_key("ann", 1);
  add_key("bob", 0, 0.01);
  serve();
  HttpClient http = client();
  http.send(
      "POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16\r\n" +
      std::string(kAnn) + "\r\n" + kHeld);
  const auto run = generator_->take();
  const Answer concurrent = client().request("GET", "/v1/models", {}, kAnn);
  EXPECT_EQ(concurrent.status, 429);
  EXPECT_NE(concurrent.body.find("too_many_concurrent"), std::string::npos);
  run->succeed();
  EXPECT_EQ(http.read_answer().status, 200);
  EXPECT_EQ(http.request("GET", "/v1/models", {}, kAnn).status, 200) << "the first has ended";

  EXPECT_EQ(http.request("GET", "/v1/models", {}, kBob).status, 200);
  const Answer limited = http.request("GET", "/v1/models", {}, kBob);
  EXPECT_EQ(limited.status, 429);
  EXPECT_NE(limited.body.find("rate_limited"), std::string::npos);
  EXPECT_GE(std::stoi(limited.headers.at("retry-after")), 90);
}

TEST_F(ServerLimitsTest, ASlowHeaderIsToldSoAndClosed) {
  options_.header_timeout = 30ms;
  serve();
  HttpClient http = client();
  http.send("GET /healthz HTTP/1.1\r\nHost:");
  const Answer answer = http.read_answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(http.closed_by_server());
}

TEST_F(ServerLimitsTest, ASlowBodyIsToldSoAndClosed) {
  options_.body_timeout = 30ms;
  serve();
  HttpClient http = client();
  http.send(
      "POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
      "100\r\n\r\n{");
  EXPECT_EQ(http.read_answer().status, 408);
  EXPECT_TRUE(http.closed_by_server());
}

TEST_F(ServerLimitsTest, AnIdleConnectionIsClosedWithoutAWord) {
  // It counts from the connection's first moment: a request that comes later than this is not answered.
  options_.idle_timeout = 1500ms;
  serve();
  HttpClient http = client();
  EXPECT_EQ(http.request("GET", "/healthz").status, 200);
  EXPECT_TRUE(http.closed_by_server());
}

TEST_F(ServerLimitsTest, ConnectionsBeyondTheLimitAreTurnedAwayWhereAllAreBusy) {
  options_.max_connections = 1;
  serve();
  HttpClient first = client();
  first.send(
      "POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
      "16\r\n\r\n" +
      std::string(kHeld));
  const auto run = generator_->take();
  HttpClient second = client();
  const Answer answer = second.request("GET", "/v1/models");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("too_many_connections"), std::string::npos);
  run->succeed();
  EXPECT_EQ(first.read_answer().status, 200);
  // Its answer is here a moment before its connection waits for another request.
  EXPECT_TRUE(shunt::testing::eventually([&] { return client().request("GET", "/v1/models").status == 200; }))
      << "in the place of one that waits";
}

TEST_F(ServerLimitsTest, ATakenPortIsAnErrorAtStart) {
  serve();
  options_.port = server_->port();
  const auto second = HttpServer::listen(options_, loops_, *sync_, models_, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "address_in_use");
}

TEST_F(ServerLimitsTest, APublicAddressNeedsKeysOrTheWordThatNoneAreWanted) {
  options_.address = "0.0.0.0";
  const auto refused = HttpServer::listen(options_, loops_, recording_, models_, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "keys_required");
  options_.allow_unauthenticated = true;
  EXPECT_TRUE(HttpServer::listen(options_, loops_, recording_, models_, {}).ok());
  options_.allow_unauthenticated = false;
  add_key("ann");
  EXPECT_TRUE(HttpServer::listen(options_, loops_, recording_, models_, {}).ok());
  options_.address = "example.com";
  EXPECT_EQ(HttpServer::listen(options_, loops_, recording_, models_, {}).error().code,
            "invalid_listen_address");
}

TEST_F(ServerLimitsTest, StoppingClosesIdleConnectionsAndLetsAnswersFinish) {
  serve();
  HttpClient idle = client();
  EXPECT_EQ(idle.request("GET", "/readyz").status, 200);
  HttpClient waiting = client();
  waiting.send(
      "POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
      "16\r\n\r\n" +
      std::string(kHeld));
  const auto run = generator_->take();
  server_->stop_accepting();
  EXPECT_TRUE(idle.closed_by_server());
  run->succeed();
  const Answer answer = waiting.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(waiting.closed_by_server());
  EXPECT_THROW(client(), boost::system::system_error) << "nothing listens";
  server_->close(10s);
}

TEST_F(ServerLimitsTest, ReadinessEndsWhenTheExecutorDrains) {
  serve();
  HttpClient http = client();
  EXPECT_EQ(http.request("GET", "/readyz").status, 200);
  loops_.at(0).post([this] { sync_->drain(0ms, [](executor::DrainReport) {}); });
  Answer answer = http.request("GET", "/readyz");
  while (answer.status == 200) answer = http.request("GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find(R"("status":"draining")"), std::string::npos);
  EXPECT_NE(answer.body.find(R"("reason":")"), std::string::npos);
  const Answer refused = http.request("POST", "/v1/generations", kHeld);
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.headers.contains("retry-after"));
}

TEST_F(ServerLimitsTest, ReadinessTellsOfTheQueueAndLivenessDoesNotCare) {
  executor::ExecutorDescription description{.name = "queue", .mode = "queue", .reason = {}};
  description.redis = "ready";
  description.models.push_back({.name = "held", .workers = 0});
  description.models.push_back({.name = "stubborn", .workers = 2, .slots = 4});
  recording_.on_describe = [&] { return description; };
  serve_recording();
  HttpClient http = client();
  Answer answer = http.request("GET", "/readyz");
  EXPECT_EQ(answer.status, 200) << "workers may come after the API";
  EXPECT_NE(answer.body.find(R"("redis":"ready","models_without_worker":["held"])"), std::string::npos)
      << answer.body;
  description.health = executor::Health::kDegraded;
  description.reason = description.redis = "Redis does not take writes: OOM";
  description.models.clear();
  answer = http.request("GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find(R"("status":"degraded")"), std::string::npos);
  EXPECT_NE(answer.body.find(R"("reason":"Redis does not take writes: OOM")"), std::string::npos);
  EXPECT_EQ(answer.body.find("models_without_worker"), std::string::npos) << "not known now";
  EXPECT_EQ(http.request("GET", "/healthz").status, 200);
}

TEST_F(ServerLimitsTest, CloseCutsWhatDoesNotEnd) {
  options_.header_timeout = 1h;
  serve();
  HttpClient sending = client();
  sending.send("POST /v1/generations HTTP/1.1\r\nHos");
  HttpClient other = client();
  wait_for_connections(other, 2);
  server_->close(20ms);
  EXPECT_TRUE(sending.closed_by_server());
}

TEST_F(ServerLimitsTest, MetricsCarryTheServersOwnAndTheOthers) {
  serve();
  HttpClient http = client();
  EXPECT_EQ(http.request("GET", "/nowhere").status, 404);
  const std::string metrics = http.request("GET", "/metrics").body;
  EXPECT_NE(metrics.find(R"(shunt_http_requests_total{method="GET",route="unmatched",status="4xx"} 1)"),
            std::string::npos)
      << metrics.substr(0, 400);
  EXPECT_NE(metrics.find("shunt_http_connections 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("\nextra_metric 1\n"), std::string::npos);
}

}  // namespace
}  // namespace shunt::api
