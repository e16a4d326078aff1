// Which executor outcome becomes which answer, with an executor that answers what it is told.
#include "server_fixture.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api {
namespace {

using namespace testing;
using executor::Accepted;
using executor::Refused;
using executor::SubmitOutcome;
using executor::Unknown;

class SubmitOutcomeTest : public ServerTest {
 protected:
  Answer answer_to(SubmitOutcome outcome) {
    const auto answer = std::make_shared<SubmitOutcome>(std::move(outcome));
    recording_.on_submit = [answer](const GenerationRequest&) { return std::move(*answer); };
    serve_recording();
    return client().request("POST", "/v1/generations", kHeld);
  }
  GenerationRecord record(GenerationState state) {
    GenerationRecord record;
    record.id = id_;
    record.model = "held";
    record.state = state;
    return record;
  }
  [[nodiscard]] std::shared_ptr<Generation> ended_generation() const {
    Envelope envelope;
    envelope.id = id_;
    envelope.request.model = "held";
    auto generation = std::make_shared<Generation>(envelope, system_clock(), OutputLimits{});
    generation->start();
    generation->delta("done");
    generation->succeed(7);
    return generation;
  }

  GenerationId id_ = GenerationIdSource(system_clock()).next();
};

struct Refusal {
  ErrorCode code;
  int status;
};

TEST_F(SubmitOutcomeTest, ARefusalSaysWhyAndWhenToComeBack) {
  const Answer answer = answer_to(Refused{{"model_busy", "full", Retryable::kYes}, 1500ms});
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers.at("retry-after"), "2");
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
  EXPECT_NE(answer.body.find(R"("code":"model_busy")"), std::string::npos);
  EXPECT_NE(answer.body.find(R"("retryable":true)"), std::string::npos);
}

TEST_F(SubmitOutcomeTest, EachRefusalHasItsStatus) {
  namespace ec = error_code;
  ErrorCode code;
  recording_.on_submit = [&](const GenerationRequest&) -> SubmitOutcome { return Refused{{code, "no"}, {}}; };
  serve_recording();
  for (const auto& [name, status] : std::initializer_list<Refusal>{{ec::kStoreFull, 503},
                                                                   {ec::kShuttingDown, 503},
                                                                   {ec::kQueueUnavailable, 503},
                                                                   {ec::kNoWorker, 503},
                                                                   {ec::kIdempotencyConflict, 409},
                                                                   {ec::kInvalidInput, 422},
                                                                   {ec::kModelBusy, 429}}) {
    code = name;
    EXPECT_EQ(client().request("POST", "/v1/generations", kHeld).status, status) << name.text();
  }
}

TEST_F(SubmitOutcomeTest, AnUnknownOutcomeNamesTheGenerationToLookUp) {
  const Answer answer = answer_to(Unknown{id_, {"timeout", "no word from the queue"}});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.at("shunt-generation-id"), id_.to_string());
  EXPECT_EQ(answer.headers.at("location"), "/v1/generations/" + id_.to_string());
  EXPECT_NE(answer.body.find(R"("code":"submit_unknown")"), std::string::npos);
  EXPECT_NE(answer.body.find(id_.to_string()), std::string::npos);
  EXPECT_NE(answer.body.find(R"("retryable":false)"), std::string::npos) << "it might run twice";
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
}

TEST_F(SubmitOutcomeTest, AnUnknownOutcomeOfARequestWithAKeyMayBeSentAgain) {
  recording_.on_submit = [&](const GenerationRequest&) -> SubmitOutcome {
    return Unknown{id_, {"timeout", "no word from the queue"}};
  };
  serve_recording();
  const Answer answer = client().request("POST", "/v1/generations", kHeld, "Idempotency-Key: k\r\n");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find(R"("retryable":true)"), std::string::npos);
  EXPECT_NE(answer.body.find("same Idempotency-Key"), std::string::npos) << answer.body;
}

TEST_F(SubmitOutcomeTest, TheRequestThatIsSubmittedIsTheOneThatWasSent) {
  recording_.on_find = [&](const GenerationId&) -> Result<executor::FindOutcome> {
    return executor::FindOutcome(record(GenerationState::kSucceeded));
  };
  recording_.on_submit = [&](const GenerationRequest&) -> SubmitOutcome { return Accepted{id_}; };
  serve_recording();
  const Answer answer = client().request("POST", "/v1/generations",
                                         R"({"model":"held","input":{"n":1},"options":{"timeout_ms":50}})",
                                         "Idempotency-Key: k1\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("location"), "/v1/generations/" + id_.to_string());
  const auto submitted = recording_.submitted();
  ASSERT_EQ(submitted.size(), 1u);
  EXPECT_EQ(submitted[0].model, "held");
  EXPECT_EQ(submitted[0].input.as_object().at("n"), 1);
  EXPECT_EQ(submitted[0].options.timeout, 50ms);
  EXPECT_EQ(submitted[0].idempotency_key, "k1");
  EXPECT_EQ(submitted[0].caller, "");
}

TEST_F(SubmitOutcomeTest, AReplayGetsTheSameAnswerAndSaysSo) {
  recording_.on_find = [&](const GenerationId&) -> Result<executor::FindOutcome> {
    return executor::FindOutcome(record(GenerationState::kSucceeded));
  };
  const Answer answer = answer_to(Accepted{id_, true});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("idempotency-replayed"), "true");
}

// The one that claimed the key did not get into the queue, and was taken back before this one had looked.
TEST_F(SubmitOutcomeTest, AReplayOfAGenerationThatWasTakenBackMayBeSentAgain) {
  recording_.on_find = [](const GenerationId&) { return executor::FindOutcome(GenerationUnknown{}); };
  recording_.on_submit = [&](const GenerationRequest&) -> SubmitOutcome { return Accepted{id_, true}; };
  serve_recording();
  for (const char* const accept : {"Accept: application/json\r\n", "Accept: text/event-stream\r\n"}) {
    const Answer answer = client().request("POST", "/v1/generations", kHeld, accept);
    EXPECT_EQ(answer.status, 503) << accept;
    EXPECT_EQ(answer.headers.at("retry-after"), "1");
    EXPECT_NE(answer.body.find(R"("code":"queue_unavailable")"), std::string::npos) << answer.body;
    EXPECT_NE(answer.body.find(R"("retryable":true)"), std::string::npos);
  }
}

TEST_F(SubmitOutcomeTest, TheWatchOfTheAcceptanceIsAllThatIsNeeded) {
  recording_.on_find = [](const GenerationId&) -> Result<executor::FindOutcome> {
    return Error{"internal_error", "nobody is to ask"};
  };
  recording_.on_submit = [&](const GenerationRequest&) -> SubmitOutcome {
    const auto generation = ended_generation();
    return Accepted{.id = id_, .watch = generation->watch({})};
  };
  serve_recording();
  const Answer answer = client().request("POST", "/v1/generations", kHeld);
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("output":{"text":"done","result":7})"), std::string::npos) << answer.body;
  const Answer text = client().request("POST", "/v1/generations", kHeld, "Accept: text/plain\r\n");
  EXPECT_EQ(text.body, "done");
  const Answer late = client().request("POST", "/v1/generations", kHeld, "Prefer: respond-async\r\n");
  EXPECT_EQ(late.status, 202);
  EXPECT_NE(late.body.find(R"("state":"succeeded")"), std::string::npos) << late.body;
  HttpClient stream = client();
  stream.send(
      "POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Content-Length: 30\r\n\r\n"
      R"({"model":"held","stream":true})");
  EXPECT_NE(stream.read_until("0\r\n\r\n").find("event: succeeded\n"), std::string::npos);
}

TEST_F(SubmitOutcomeTest, AGenerationThatWasEvictedBeforeItsEndWasReadIsLookedUp) {
  recording_.on_find = [](const GenerationId&) { return executor::FindOutcome(GenerationGone{}); };
  recording_.on_submit = [&](const GenerationRequest&) -> SubmitOutcome {
    const auto generation = ended_generation();
    Accepted accepted{.id = id_, .watch = generation->watch({})};
    generation->discard();
    return accepted;
  };
  serve_recording();
  EXPECT_EQ(client().request("POST", "/v1/generations", kHeld).status, 410);
}

TEST_F(SubmitOutcomeTest, AFailedGenerationIsAProblemThatContainsTheRecord) {
  ErrorCode code;
  recording_.on_find = [&](const GenerationId&) -> Result<executor::FindOutcome> {
    GenerationRecord failed = record(GenerationState::kFailed);
    failed.error = Error{code, "it broke", Retryable::kNo, {{"exit_code", 3}}};
    return executor::FindOutcome(failed);
  };
  recording_.on_submit = [&](const GenerationRequest&) -> SubmitOutcome { return Accepted{id_}; };
  serve_recording();
  for (const auto& [name, status] : std::initializer_list<Refusal>{{"program_exited", 502},
                                                                   {"upstream_failed", 502},
                                                                   {"deadline_exceeded", 504},
                                                                   {"output_too_large", 502},
                                                                   {"invalid_input", 422},
                                                                   {"a_code_of_its_own", 502}}) {
    code = name;
    const Answer answer = client().request("POST", "/v1/generations", kHeld);
    EXPECT_EQ(answer.status, status) << name.text();
    EXPECT_NE(answer.body.find(R"("exit_code":3)"), std::string::npos);
    EXPECT_NE(answer.body.find(R"("generation":{"id":")" + id_.to_string()), std::string::npos)
        << answer.body;
    EXPECT_NE(answer.body.find(R"("instance":"/v1/generations/)"), std::string::npos);
    EXPECT_EQ(client().request("GET", "/v1/generations/" + id_.to_string()).status, 200)
        << "a look-up succeeds";
  }
}

TEST_F(SubmitOutcomeTest, ACancelledGenerationIsAConflict) {
  recording_.on_find = [&](const GenerationId&) -> Result<executor::FindOutcome> {
    return executor::FindOutcome(record(GenerationState::kCancelled));
  };
  EXPECT_EQ(answer_to(Accepted{id_}).status, 409);
}

TEST_F(SubmitOutcomeTest, GoneAndNeverKnownDiffer) {
  bool gone = true;
  recording_.on_find = [&](const GenerationId&) -> Result<executor::FindOutcome> {
    if (gone) return executor::FindOutcome(GenerationGone{});
    return executor::FindOutcome(GenerationUnknown{});
  };
  serve_recording();
  const std::string path = "/v1/generations/" + id_.to_string();
  EXPECT_EQ(client().request("GET", path).status, 410);
  gone = false;
  EXPECT_EQ(client().request("GET", path).status, 404);
  EXPECT_EQ(client().request("GET", "/v1/generations/nonsense").status, 404);
  EXPECT_EQ(client().request("POST", path + "/cancel").status, 404);
  EXPECT_EQ(client().request("GET", path + "/events").status, 404);
  EXPECT_EQ(client().request("GET", path + "/artifacts/a").status, 404);
}

TEST_F(SubmitOutcomeTest, AnExecutorThatCannotLookUpIsAnError) {
  recording_.on_find = [](const GenerationId&) -> Result<executor::FindOutcome> {
    return Error{"internal_error", "the store is away", Retryable::kYes};
  };
  serve_recording();
  EXPECT_EQ(client().request("GET", "/v1/generations/" + id_.to_string()).status, 500);
}

}  // namespace
}  // namespace shunt::api
