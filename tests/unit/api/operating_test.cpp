// The routes of those who operate the service, and the server that only answers probes.
#include "server_fixture.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api {
namespace {

using namespace testing;

class OperatingTest : public ServerTest {
 protected:
  OperatingTest() {
    record_.id = id_;
    record_.model = "held";
    record_.state = GenerationState::kSucceeded;
    recording_.on_find = [this](const GenerationId&) { return executor::FindOutcome(record_); };
  }
  static JsonObject json(const Answer& answer) { return parse_json(answer.body)->as_object(); }
  Answer retry() { return client().request("POST", path_ + "/retry"); }

  const GenerationId id_ = GenerationIdSource(system_clock()).next();
  const std::string path_ = "/v1/generations/" + id_.to_string();
  GenerationRecord record_;
};

TEST_F(OperatingTest, ARetrySubmitsTheRequestThatTheExecutorHasKept) {
  recording_.on_request_of = [](const GenerationId&) {
    GenerationRequest kept;
    kept.model = "held";
    kept.input = JsonObject{{"text", "x"}};
    return executor::RequestOutcome(std::move(kept));
  };
  recording_.on_submit = [this](const GenerationRequest&) { return executor::Accepted{id_}; };
  serve_recording();
  const Answer answer = retry();
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.headers.at("location"), path_);
  ASSERT_EQ(recording_.submitted().size(), 1U);
  EXPECT_EQ(recording_.submitted()[0].input, (Json(JsonObject{{"text", "x"}})));
}

TEST_F(OperatingTest, ARetryIsRefusedAsAnyOtherRequest) {
  recording_.on_request_of = [](const GenerationId&) {
    return executor::RequestOutcome(GenerationRequest{});
  };
  recording_.on_submit = [](const GenerationRequest&) -> executor::SubmitOutcome {
    return executor::Refused{{"model_busy", "full", Retryable::kYes}, 1s};
  };
  serve_recording();
  const Answer answer = retry();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
}

TEST_F(OperatingTest, ARetryWhoseOutcomeIsUnknownSaysTheSameAsTheFirstTry) {
  recording_.on_request_of = [](const GenerationId&) {
    return executor::RequestOutcome(GenerationRequest{});
  };
  recording_.on_submit = [this](const GenerationRequest&) -> executor::SubmitOutcome {
    return executor::Unknown{id_, {"timeout", "no word from the queue"}};
  };
  serve_recording();
  const Answer plain = retry();
  EXPECT_EQ(plain.status, 503);
  EXPECT_EQ(plain.headers.at("retry-after"), "1");
  EXPECT_EQ(plain.headers.at("location"), path_);
  EXPECT_EQ(json(plain).at("retryable"), false);
  const Answer keyed = client().request("POST", path_ + "/retry", {}, "Idempotency-Key: k\r\n");
  EXPECT_EQ(keyed.headers.at("retry-after"), "1");
  EXPECT_EQ(json(keyed).at("retryable"), true);
  EXPECT_NE(keyed.body.find("with the same Idempotency-Key"), std::string::npos) << keyed.body;
}

TEST_F(OperatingTest, WhatCannotBeTriedAgainSaysWhy) {
  recording_.on_request_of = [](const GenerationId&) {
    return executor::RequestOutcome(executor::RequestForgotten{});
  };
  serve_recording();
  EXPECT_EQ(json(retry()).at("code"), "request_forgotten");
  record_.state = GenerationState::kRunning;
  EXPECT_EQ(json(retry()).at("code"), "not_ended");
  EXPECT_EQ(retry().status, 409);
  EXPECT_TRUE(recording_.submitted().empty());
}

TEST_F(OperatingTest, RemovingAnswersForEachOutcome) {
  executor::RemoveOutcome outcome = executor::Removed{};
  recording_.on_remove = [&](const GenerationId&) { return outcome; };
  serve_recording();
  EXPECT_EQ(client().request("DELETE", path_).status, 204);
  outcome = GenerationGone{};  // by somebody else, a moment ago
  EXPECT_EQ(client().request("DELETE", path_).status, 204);
  outcome = executor::NotEnded{};
  EXPECT_EQ(client().request("DELETE", path_).status, 409);
  recording_.on_find = [](const GenerationId&) { return executor::FindOutcome(GenerationGone{}); };
  EXPECT_EQ(client().request("DELETE", path_).status, 410);
}

TEST_F(OperatingTest, TheStatusTellsWhatTheExecutorAndTheProcessAre) {
  options_.about.version = "9.9.9";
  options_.about.roles = {"api", "worker"};
  options_.about.strategy_reason = "queue_enabled";
  options_.about.redis_url = "redis://localhost";
  executor::ServerStatus redis;
  redis.connected = true;
  redis.version = "7.0.15";
  recording_.on_describe = [redis] {
    executor::ExecutorDescription described{.name = "queue", .mode = "queue", .reason = {}};
    described.server = redis;
    described.models = {{.name = "held", .open = 3, .workers = 1, .slots = 2}};
    return described;
  };
  executor::WorkerStatus left;
  left.name = "left";
  left.models = {{"held", 2}};
  recording_.leased = {left};
  serve_recording();
  const JsonObject status = json(client().request("GET", "/admin/status"));
  EXPECT_EQ(status.at("status"), "ready");
  EXPECT_EQ(status.at("version"), "9.9.9");
  EXPECT_EQ(status.at("roles").as_array().size(), 2U);
  EXPECT_EQ(status.at("strategy").at("reason"), "queue_enabled");
  EXPECT_EQ(status.at("redis").at("version"), "7.0.15");
  EXPECT_EQ(status.at("models").at(0).at("open"), 3);
  EXPECT_EQ(status.at("workers").at(0).at("name"), "left");
  EXPECT_EQ(status.at("workers").at(0).at("models").at(0).at("slots"), 2);
}

TEST_F(OperatingTest, AServerForProbesHasNothingElseAndNeedsNoKeys) {
  executor::ExecutorDescription described{.name = "worker", .mode = "queue", .reason = {}};
  HttpServerOptions options;
  options.address = "0.0.0.0";
  options.port = 0;
  auto server = HttpServer::listen_for_probes(
      options, loops_, [&] { return described; }, [] { return std::string("worker_metric 1\n"); });
  ASSERT_TRUE(server.ok()) << server.error().message;
  server_ = std::move(*server);
  EXPECT_EQ(client().request("GET", "/healthz").status, 200);
  EXPECT_EQ(client().request("GET", "/readyz").status, 200);
  const Answer metrics = client().request("GET", "/metrics");
  EXPECT_NE(metrics.body.find("worker_metric 1\n"), std::string::npos);
  EXPECT_EQ(metrics.body.find("createGeneration"), std::string::npos);
  EXPECT_EQ(client().request("POST", "/v1/generations", kHeld).status, 404);
  EXPECT_EQ(client().request("GET", "/admin/status").status, 404);
  described.health = executor::Health::kDegraded;
  EXPECT_EQ(client().request("GET", "/readyz").status, 503);
}

}  // namespace
}  // namespace shunt::api
