// What a request may do at all: by where it comes from, and by its key.
#include "server_fixture.hpp"
#include "shunt/base/digest.hpp"

namespace shunt::api {
namespace {

using namespace testing;

class BoundaryTest : public ServerTest {
 protected:
  ApiKey& add_key(const char* name) {
    options_.keys.push_back({.name = name, .sha256_hex = sha256_hex(std::string("secret-") + name)});
    return options_.keys.back();
  }
  static std::string bearer(const char* name) {
    return "Authorization: Bearer secret-" + std::string(name) + "\r\n";
  }
  Answer raw(const std::string& text) {
    HttpClient http = client();
    http.send(text);
    return http.read_answer();
  }
};

TEST_F(BoundaryTest, EveryRouteIsClosedToForeignNamesAndPages) {
  serve();
  for (const char* path : {"/", "/healthz", "/readyz", "/metrics", "/v1/models", "/v1/generations",
                           "/openapi.json", "/admin/status", "/nowhere"}) {
    const std::string line = "GET " + std::string(path) + " HTTP/1.1\r\n";
    EXPECT_EQ(raw(line + "Host: evil.example\r\n\r\n").status, 421) << path;
    EXPECT_EQ(raw(line + "Host: localhost\r\nOrigin: null\r\n\r\n").status, 403) << path;
    EXPECT_EQ(raw(line + "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n").status, 403) << path;
  }
  const Answer preflight =
      raw("OPTIONS /v1/generations HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil\r\n"
          "Access-Control-Request-Method: POST\r\n\r\n");
  EXPECT_EQ(preflight.status, 403);
  EXPECT_FALSE(preflight.headers.contains("access-control-allow-origin"));
}

TEST_F(BoundaryTest, TheAuthorityOfTheTargetWins) {
  serve();
  EXPECT_EQ(raw("GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 200);
  EXPECT_EQ(raw("GET http://evil.example/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status, 421);
  EXPECT_EQ(raw("GET http://u@127.0.0.1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status, 400);
  EXPECT_EQ(raw("GET http:///healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status, 400);
  EXPECT_EQ(raw("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n").status, 400);
  EXPECT_EQ(raw("GET /healthz HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_EQ(raw("GET /healthz HTTP/1.0\r\nHost: evil.example\r\n\r\n").status, 421);
}

TEST_F(BoundaryTest, ABodyNeedsItsMediaTypeWhereNoKeyIsNeeded) {
  serve();
  const std::string post = "POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n";
  for (const char* type : {"", "Content-Type:\r\n", "Content-Type: text/plain\r\n"}) {
    EXPECT_EQ(raw(post + type + "\r\n" + kHeld).status, 415) << type;
  }
}

TEST_F(BoundaryTest, CorsIsByConfiguration) {
  add_key("ann");
  serve();
  EXPECT_FALSE(client()
                   .request("GET", "/v1/models", {}, bearer("ann") + "Origin: https://app.example\r\n")
                   .headers.contains("access-control-allow-origin"));
  auto options = options_;
  options.cors_origins = {"https://app.example"};
  ASSERT_TRUE(server_->reload(options).ok());
  const Answer listed =
      client().request("GET", "/v1/models", {}, bearer("ann") + "Origin: https://app.example\r\n");
  EXPECT_EQ(listed.status, 200);
  EXPECT_EQ(listed.headers.at("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(listed.headers.at("vary"), "Origin");
  EXPECT_NE(listed.headers.at("access-control-expose-headers").find("Location"), std::string::npos);
  EXPECT_FALSE(listed.headers.contains("access-control-allow-credentials"));
  const Answer other =
      client().request("GET", "/v1/models", {}, bearer("ann") + "Origin: https://evil.example\r\n");
  EXPECT_FALSE(other.headers.contains("access-control-allow-origin"));
  EXPECT_EQ(other.headers.at("vary"), "Origin");
  const Answer refused = client().request("GET", "/v1/models", {}, "Origin: https://app.example\r\n");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.headers.contains("access-control-allow-origin")) << "a page may read why";
  const Answer preflight =
      client().request("OPTIONS", "/v1/generations", {},
                       "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_NE(preflight.headers.at("access-control-allow-headers").find("Authorization"), std::string::npos);
  EXPECT_NE(preflight.headers.at("access-control-allow-methods").find("POST"), std::string::npos);
}

TEST_F(BoundaryTest, AKeyDoesWhatItsScopesSay) {
  add_key("all");
  add_key("runs").scopes = {Scope::kGenerate};
  add_key("reads").scopes = {Scope::kMetrics};
  add_key("boss").scopes = {Scope::kAdmin};
  serve();
  const struct {
    const char* key;
    const char* path;
    int status;
    const char* scope;
  } cases[] = {
      {"all", "/v1/generations", 200, ""},
      {"all", "/metrics", 200, ""},
      {"all", "/admin/status", 200, ""},
      {"runs", "/v1/generations", 200, ""},
      {"runs", "/metrics", 403, "metrics"},
      {"runs", "/admin/status", 403, "status"},
      {"runs", "/v1/models", 200, ""},
      {"reads", "/metrics", 200, ""},
      {"reads", "/v1/generations", 403, "generate"},
      {"reads", "/admin/status", 403, "status"},
      {"boss", "/admin/status", 200, ""},
      {"boss", "/v1/generations", 403, "generate"},
      {"reads", "/v1/generations/gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6/events", 403, "generate"},
  };
  for (const auto& [key, path, status, scope] : cases) {
    const Answer answer = client().request("GET", path, {}, bearer(key));
    EXPECT_EQ(answer.status, status) << key << path;
    if (status != 403) continue;
    EXPECT_NE(answer.body.find("\"scope\":\"" + std::string(scope) + '"'), std::string::npos) << answer.body;
  }
  EXPECT_EQ(client().request("POST", "/v1/generations", kHeld, bearer("reads")).status, 403);
}

TEST_F(BoundaryTest, AKeyUsesAndSeesItsModelsOnly) {
  add_key("few").models = {"held"};
  serve();
  const auto refused = [&](const char* model) {
    return client().request("POST", "/v1/generations", R"({"model":")" + std::string(model) + R"("})",
                            bearer("few"));
  };
  EXPECT_EQ(refused("stubborn").status, 403);
  EXPECT_EQ(refused("nothing").status, 403) << "nobody learns by that which models there are";
  EXPECT_NE(refused("stubborn").body.find("model_forbidden"), std::string::npos);
  for (const char* path : {"/v1/models", "/admin/status"}) {
    const std::string body = client().request("GET", path, {}, bearer("few")).body;
    EXPECT_EQ(body.find("stubborn"), std::string::npos) << path << body;
  }
  EXPECT_NE(client().request("GET", "/v1/models/held", {}, bearer("few")).body.find(R"("name":"held")"),
            std::string::npos);
  for (const char* hidden : {"stubborn", "nothing", "a%2Fb"}) {
    const Answer answer = client().request("GET", "/v1/models/" + std::string(hidden), {}, bearer("few"));
    EXPECT_EQ(answer.status, 404) << hidden;
    EXPECT_NE(answer.body.find(R"("known":["held"])"), std::string::npos) << answer.body;
  }
  HttpClient http = client();
  http.send("POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n" + bearer("few") + "\r\n" +
            kHeld);
  generator_->take()->succeed();
  const std::string path = http.read_answer().headers.at("location");
  auto options = options_;
  options.keys.front().models = {"stubborn"};
  ASSERT_TRUE(server_->reload(options).ok());
  EXPECT_EQ(http.request("GET", path, {}, bearer("few")).status, 200) << "it is its own";
  EXPECT_EQ(http.request("POST", path + "/retry", {}, bearer("few") + "Content-Length: 0\r\n").status, 403);
}

TEST_F(BoundaryTest, ReadinessTellsStrangersOnlyWhetherItIs) {
  executor::ExecutorDescription description{.name = "queue", .mode = "queue", .reason = {}};
  description.health = executor::Health::kDegraded;
  description.reason = description.redis = "10.1.2.3:6379: connection refused";
  description.models.push_back({.name = "held", .workers = 0});
  recording_.on_describe = [&] { return description; };
  add_key("ann");
  add_key("runs").scopes = {Scope::kGenerate};
  serve_recording();
  const Answer stranger = client().request("GET", "/readyz");
  EXPECT_EQ(stranger.status, 503);
  EXPECT_EQ(stranger.body, R"({"status":"degraded"})");
  EXPECT_EQ(client().request("GET", "/readyz", {}, bearer("wrong")).body, stranger.body);
  EXPECT_EQ(client().request("GET", "/readyz", {}, bearer("runs")).body, stranger.body);
  EXPECT_NE(client().request("GET", "/readyz", {}, bearer("ann")).body.find("10.1.2.3"), std::string::npos);
}

TEST_F(BoundaryTest, AnothersGoneGenerationIsAsIfItHadNeverBeen) {
  add_key("ann");
  add_key("bob");
  serve();
  HttpClient http = client();
  http.send("POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n" + bearer("ann") + "\r\n" +
            kHeld);
  generator_->take()->succeed();
  const std::string path = http.read_answer().headers.at("location");
  EXPECT_EQ(http.request("DELETE", path, {}, bearer("ann")).status, 204);
  const std::string never = "/v1/generations/gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6";
  const struct {
    const char* method;
    const char* below;
  } routes[] = {{"GET", ""},         {"GET", "/events"}, {"GET", "/artifacts/a"},
                {"POST", "/cancel"}, {"POST", "/retry"}, {"DELETE", ""}};
  for (const auto& [method, below] : routes) {
    const Answer gone = http.request(method, path + below, {}, bearer("bob"));
    const Answer unknown = http.request(method, never + below, {}, bearer("bob"));
    EXPECT_EQ(gone.status, 404) << method << below;
    EXPECT_EQ(unknown.status, 404) << method << below;
    EXPECT_EQ(gone.body.size(), unknown.body.size()) << gone.body;
    EXPECT_EQ(http.request(method, path + below, {}, bearer("ann")).status, 410) << method << below;
  }
}

TEST_F(BoundaryTest, WhatAnErrorQuotesIsCut) {
  options_.max_body_bytes = 2 << 20;
  serve();
  const std::string name(900'000, 'n');
  for (const std::string& body : {R"({"model":"held",")" + name + R"(":1})", R"({"model":")" + name + R"("})",
                                  R"({"model":"held","input":{")" + name + R"(":1,")" + name + R"(":2}})",
                                  R"({"model":"held","input":{")" + name + R"(":9007199254740993}})",
                                  R"({"model":"held","context":{"baggage":{")" + name + R"(":1}}})",
                                  R"({"model":"held","options":{")" + name + R"(":1}})"}) {
    const Answer answer = client().request("POST", "/v1/generations", body);
    EXPECT_GE(answer.status, 400);
    EXPECT_LT(answer.body.size(), 2000U) << answer.body.substr(0, 300);
  }
  const Answer reason =
      client().request("POST", "/v1/generations/gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6/cancel",
                       R"({"reason":")" + name + R"("})");
  EXPECT_EQ(reason.status, 422);
  EXPECT_LT(reason.body.size(), 2000U);
  for (const std::string& path :
       {"/v1/generations?limit=" + name.substr(0, 7000), "/v1/generations?" + name.substr(0, 7000),
        "/v1/generations/" + name.substr(0, 7000)}) {
    EXPECT_LT(client().request("GET", path).body.size(), 1000U);
  }
  EXPECT_LT(client().request(name.substr(0, 4000), "/healthz").body.size(), 1000U);
}

TEST_F(BoundaryTest, TheRootTellsWhereThingsAre) {
  serve();
  const Answer answer = client().request("GET", "/");
  EXPECT_EQ(answer.status, 200);
  for (const char* path : {"/openapi.json", "/v1/models", "/v1/generations", "/healthz", "/metrics"}) {
    EXPECT_NE(answer.body.find(path), std::string::npos) << answer.body;
  }
}

}  // namespace
}  // namespace shunt::api
