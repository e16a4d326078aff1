// How long a request waits for its generation, and what it gets when that was not long enough.
#include <sys/resource.h>

#include <array>
#include <filesystem>

#include "server_fixture.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api {
namespace {

using namespace testing;

std::string post_of(std::string_view body, std::string_view headers = {}) {
  return "POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
         std::string(headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

class WaitDeadlineTest : public ServerTest {
 protected:
  Answer post(HttpClient& http, std::string_view headers = {}) {
    return http.request("POST", "/v1/generations", kHeld, headers);
  }
  // As long as the request before it could have been taken for that of a client that left.
  void expect_goes_on(GenerationRun& run, const std::string& link) {
    EXPECT_FALSE(run.stop_token().stop_requested());
    run.succeed(7);
    const Answer ended = client().request("GET", link);
    EXPECT_NE(ended.body.find(R"("state":"succeeded")"), std::string::npos) << ended.body;
  }
};

TEST_F(WaitDeadlineTest, RespondAsyncIsAnswered202AtOnceAndTheGenerationOutlivesTheClient) {
  options_.half_close_grace = 10ms;
  serve();
  HttpClient http = client();
  const Answer answer = post(http, "Prefer: respond-async\r\n");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.headers.at("preference-applied"), "respond-async");
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  const std::string link = answer.headers.at("location");
  EXPECT_NE(answer.body.find(answer.headers.at("shunt-generation-id")), std::string::npos);
  EXPECT_EQ(http.request("GET", "/healthz").status, 200) << "the connection serves on";
  const auto run = generator_->take();
  http.reset();
  HttpClient other = client();
  wait_for_connections(other, 1);
  expect_goes_on(*run, link);
}

TEST_F(WaitDeadlineTest, WaitEndsIn202AndTheGenerationGoesOn) {
  serve();
  HttpClient http = client();
  const Answer answer = post(http, "Prefer: wait=0\r\n");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.headers.at("preference-applied"), "wait=0");
  EXPECT_NE(answer.body.find(R"("state":"running")"), std::string::npos) << answer.body;
  expect_goes_on(*generator_->take(), answer.headers.at("location"));
}

TEST_F(WaitDeadlineTest, WaitIsBoundedByTheServersDeadline) {
  options_.wait_deadline = 50ms;
  serve();
  HttpClient http = client();
  const Answer answer = post(http, "Prefer: respond-async, wait=3600\r\n");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.headers.at("preference-applied"), "respond-async, wait=0");
  expect_goes_on(*generator_->take(), answer.headers.at("location"));
}

TEST_F(WaitDeadlineTest, AResultWithinTheWaitIsTheAnswer) {
  serve();
  HttpClient http = client();
  http.send(post_of(kHeld, "Prefer: wait=60\r\n"));
  generator_->take()->succeed(7);
  const Answer answer = http.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("preference-applied"), "wait=60");
  EXPECT_FALSE(answer.headers.contains("retry-after"));
}

TEST_F(WaitDeadlineTest, WithoutAPreferenceTheDeadlineIs504WithTheSameLink) {
  options_.wait_deadline = 50ms;
  serve();
  HttpClient http = client();
  const Answer answer = post(http);
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
  EXPECT_FALSE(answer.headers.contains("preference-applied"));
  EXPECT_NE(answer.body.find(R"("code":"wait_deadline_exceeded")"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find(R"("retryable":false)"), std::string::npos) << "again would be a second one";
  const std::string link = answer.headers.at("location");
  EXPECT_NE(answer.body.find(R"("instance":")" + link), std::string::npos);
  EXPECT_NE(answer.body.find(R"("generation":{"id":")"), std::string::npos);
  const auto run = generator_->take();
  http.close();
  HttpClient other = client();
  wait_for_connections(other, 1);
  expect_goes_on(*run, link);
}

TEST_F(WaitDeadlineTest, AClientThatGoesWithinItsWaitStillCancels) {
  serve();
  HttpClient http = client();
  http.send(post_of(kHeld, "Prefer: wait=60\r\n"));
  const auto run = generator_->take();
  http.reset();
  EXPECT_TRUE(stop_comes(*run)) << "it never got the link";
  run->stopped();
}

TEST_F(WaitDeadlineTest, AHalfClosedClientIsBelievedNoLongerThanItsWait) {
  options_.half_close_grace = 1h;
  options_.wait_deadline = 50ms;
  serve();
  HttpClient http = client();
  http.send(post_of(kHeld));
  http.finish_sending();
  EXPECT_EQ(http.read_answer().status, 504);
  generator_->take()->succeed();
}

TEST_F(WaitDeadlineTest, AnEventStreamHasNoDeadline) {
  options_.wait_deadline = 20ms;
  options_.sse_heartbeat = 20ms;
  serve();
  HttpClient http = client();
  http.send(post_of(R"({"model":"held","stream":true})", "Prefer: wait=0, respond-async\r\n"));
  const Answer head = http.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_FALSE(head.headers.contains("preference-applied"));
  const auto run = generator_->take();
  for (int i = 0; i < 4; ++i) http.read_until("\n:\n\n");
  run->succeed();
  http.read_until("event: succeeded\n");
}

TEST_F(WaitDeadlineTest, WhatAcceptAsksForComesOnlyWithTheResult) {
  serve();
  HttpClient http = client();
  const Answer answer = post(http, "Prefer: wait=0\r\nAccept: audio/wav\r\n");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  const auto run = generator_->take();
  run->succeed();
}

TEST_F(WaitDeadlineTest, ARecordCanBeWaitedFor) {
  serve();
  HttpClient http = client();
  const std::string link = post(http, "Prefer: respond-async\r\n").headers.at("location");
  const auto run = generator_->take();
  const Answer open = http.request("GET", link, {}, "Prefer: wait=0\r\n");
  EXPECT_EQ(open.status, 200);
  EXPECT_EQ(open.headers.at("preference-applied"), "wait=0");
  EXPECT_NE(open.body.find(R"("state":"running")"), std::string::npos);
  http.send("GET " + link + " HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\n\r\n");
  HttpClient leaver = client();
  leaver.send("GET " + link + " HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\n\r\n");
  leaver.reset();
  HttpClient other = client();
  wait_for_connections(other, 2);
  EXPECT_FALSE(run->stop_token().stop_requested()) << "a reader that leaves cancels nothing";
  run->succeed();
  EXPECT_NE(http.read_answer().body.find(R"("state":"succeeded")"), std::string::npos);
}

TEST_F(WaitDeadlineTest, AServerThatGoesTellsWhoeverWaitsWhereToLook) {
  serve();
  HttpClient plain = client();
  plain.send(post_of(kHeld));
  const auto first = generator_->take();
  HttpClient patient = client();
  patient.send(post_of(kHeld, "Prefer: wait=60\r\n"));
  const auto second = generator_->take();
  HttpClient stream = client();
  stream.send(post_of(R"({"model":"held","stream":true})"));
  stream.read_until("event: started\n");
  const auto third = generator_->take();
  server_->close(10s);
  const Answer problem = plain.read_answer();
  EXPECT_EQ(problem.status, 504);
  EXPECT_EQ(problem.headers.at("connection"), "close");
  EXPECT_NE(problem.body.find("wait_deadline_exceeded"), std::string::npos);
  EXPECT_TRUE(problem.headers.contains("location"));
  EXPECT_EQ(patient.read_answer().status, 202);
  EXPECT_NE(stream.read_until("0\r\n\r\n").find(": this server is shutting down"), std::string::npos);
  for (const auto& run : {first, second, third}) {
    EXPECT_FALSE(run->stop_token().stop_requested()) << "the server went, not the client";
    run->succeed();
  }
}

TEST_F(WaitDeadlineTest, AnExecutorThatCannotLookUpMakesNoFailureOf202) {
  const GenerationId id = GenerationIdSource(system_clock()).next();
  recording_.on_submit = [&](const GenerationRequest&) -> executor::SubmitOutcome {
    return executor::Accepted{id};
  };
  recording_.on_find = [](const GenerationId&) -> Result<executor::FindOutcome> {
    return Error{"queue_unavailable", "Redis is away", Retryable::kYes};
  };
  serve_recording();
  HttpClient http = client();
  const Answer answer = post(http, "Prefer: respond-async\r\n");
  EXPECT_EQ(answer.status, 202);
  EXPECT_NE(answer.body.find(R"("id":")" + id.to_string()), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find(R"("state":"queued")"), std::string::npos);
  EXPECT_NE(answer.body.find(R"("model":"held")"), std::string::npos);
}

// Lets this process have as many descriptors as it may.
void raise_descriptor_limit() {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST_F(WaitDeadlineTest, TwoThousandWaitersNeedNoThreadEach) {
  constexpr std::size_t kWaiters = 2000;
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
  };
  raise_descriptor_limit();
  serve();
  const auto before = threads();
  boost::asio::io_context context;
  std::vector<boost::asio::ip::tcp::socket> waiting;
  for (std::size_t i = 0; i < kWaiters; ++i) {
    waiting.emplace_back(context);
    waiting.back().connect({boost::asio::ip::make_address("127.0.0.1"), server_->port()});
    boost::asio::write(waiting.back(), boost::asio::buffer(post_of(kHeld, "Idempotency-Key: same\r\n")));
  }
  HttpClient other = client();
  wait_for_connections(other, kWaiters + 1);
  EXPECT_EQ(threads(), before);
  generator_->take()->succeed();
  std::array<char, 15> status{};
  for (auto& socket : waiting) {
    boost::asio::read(socket, boost::asio::buffer(status));
    ASSERT_EQ(std::string_view(status.data(), status.size()), "HTTP/1.1 200 OK");
  }
  EXPECT_EQ(threads(), before);
}

}  // namespace
}  // namespace shunt::api
