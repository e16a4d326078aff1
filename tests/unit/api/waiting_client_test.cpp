// What a client that waits sees, and what happens when it goes.
#include "server_fixture.hpp"

namespace shunt::api {
namespace {

using namespace testing;

class WaitingClientTest : public ServerTest {};

std::string post(std::string_view body, std::string_view headers = {}) {
  return "POST /v1/generations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
         std::string(headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

TEST_F(WaitingClientTest, GetsTheResultWhenItIsThere) {
  serve();
  HttpClient http = client();
  http.send(post(kHeld));
  const auto run = generator_->take();
  run->delta("hello");
  run->succeed(7);
  const Answer answer = http.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("text":"hello","result":7)"), std::string::npos) << answer.body;
}

TEST_F(WaitingClientTest, AResetCancelsItsGenerationAtOnce) {
  options_.half_close_grace = 1h;
  serve();
  HttpClient http = client();
  http.send(post(kHeld));
  const auto run = generator_->take();
  http.reset();
  EXPECT_TRUE(stop_comes(*run));
  run->stopped();
}

TEST_F(WaitingClientTest, AClosedSocketCancelsItsGenerationAfterTheGrace) {
  options_.half_close_grace = 20ms;
  serve();
  HttpClient http = client();
  http.send(post(kHeld));
  const auto run = generator_->take();
  http.close();
  EXPECT_TRUE(stop_comes(*run));
  run->stopped();
}

TEST_F(WaitingClientTest, AHalfClosedSocketStillGetsItsAnswerWithinTheGrace) {
  options_.half_close_grace = 1h;
  serve();
  HttpClient http = client();
  http.send(post(kHeld));
  http.finish_sending();
  const auto run = generator_->take();
  run->succeed();
  EXPECT_EQ(http.read_answer().status, 200);
  EXPECT_TRUE(http.closed_by_server());
}

TEST_F(WaitingClientTest, AModelMayGoOnWithoutItsClient) {
  options_.half_close_grace = 10ms;
  serve();
  HttpClient http = client();
  http.send(post(R"({"model":"stubborn"})"));
  const auto run = generator_->take();
  http.reset();
  // The server has noticed when its count of connections falls.
  HttpClient other = client();
  wait_for_connections(other, 1);
  EXPECT_FALSE(run->stop_token().stop_requested());
  run->succeed();
}

TEST_F(WaitingClientTest, AReplayThatLeavesCancelsNothing) {
  serve();
  HttpClient first = client();
  first.send(post(kHeld, "Idempotency-Key: k\r\n"));
  const auto run = generator_->take();
  HttpClient second = client();
  second.send(post(kHeld, "Idempotency-Key: k\r\nAccept: text/event-stream\r\n"));
  EXPECT_EQ(second.read_head().headers.at("idempotency-replayed"), "true");
  second.reset();
  HttpClient other = client();
  wait_for_connections(other, 2);
  EXPECT_FALSE(run->stop_token().stop_requested());
  run->succeed();
  EXPECT_EQ(first.read_answer().status, 200);
}

TEST_F(WaitingClientTest, PipelinedRequestsAreAnsweredInOrder) {
  serve();
  HttpClient http = client();
  http.send(post(kHeld) + "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto run = generator_->take();
  // Sent while the first one runs: neither lost nor answered early.
  http.send("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");
  run->succeed();
  EXPECT_NE(http.read_answer().body.find("succeeded"), std::string::npos);
  EXPECT_EQ(http.read_answer().body, R"({"status":"ok"})");
  EXPECT_NE(http.read_answer().body.find("stubborn"), std::string::npos);
}

TEST_F(WaitingClientTest, StreamsEventsAsTheyComeAndKeepsTheConnection) {
  serve();
  HttpClient http = client();
  http.send(post(kHeld, "Accept: text/event-stream\r\n"));
  const Answer head = http.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
  const auto run = generator_->take();
  http.read_until("event: started\n");
  run->delta("one");
  http.read_until(R"("text":"one")");
  run->delta("two");
  http.read_until(R"("text":"two")");
  run->succeed();
  http.read_until("event: succeeded\n");
  http.read_until("0\r\n\r\n");
  EXPECT_EQ(http.request("GET", "/healthz").status, 200);
}

TEST_F(WaitingClientTest, AStreamThatIsCutCancelsItsGeneration) {
  serve();
  HttpClient http = client();
  http.send(post(R"({"model":"held","stream":true})"));
  http.read_until("event: started\n");
  const auto run = generator_->take();
  http.close();
  EXPECT_TRUE(stop_comes(*run)) << "the comment that is written at the end of input finds out";
  run->stopped();
}

TEST_F(WaitingClientTest, AQuietStreamCarriesHeartbeats) {
  options_.sse_heartbeat = 20ms;
  serve();
  HttpClient http = client();
  http.send(post(R"({"model":"held","stream":true})"));
  const auto run = generator_->take();
  http.read_until("event: started\n");
  http.read_until("\n:\n\n");
  http.read_until("\n:\n\n");
  run->succeed();
  http.read_until("event: succeeded\n");
}

TEST_F(WaitingClientTest, AStreamResumesAfterTheEventThatWasSeenLast) {
  serve();
  HttpClient http = client();
  http.send(post(kHeld));
  const auto run = generator_->take();
  run->delta("one");
  run->delta("two");
  run->succeed();
  const std::string path = http.read_answer().headers.at("location") + "/events";
  http.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 3\r\n\r\n");
  const std::string rest = http.read_until("0\r\n\r\n");
  EXPECT_EQ(rest.find("id: 3\n"), std::string::npos);
  EXPECT_NE(rest.find("id: 4\nevent: delta"), std::string::npos) << rest;
  EXPECT_NE(rest.find("id: 5\nevent: succeeded"), std::string::npos);
  EXPECT_EQ(http.request("GET", path, {}, "Last-Event-ID: 5\r\n").status, 204) << "everything has been seen";
  EXPECT_EQ(http.request("GET", path, {}, "Last-Event-ID: 6\r\n").status, 400);
  EXPECT_EQ(http.request("GET", path, {}, "Last-Event-ID: x\r\n").status, 400);
}

TEST_F(WaitingClientTest, AReaderThatDoesNotReadIsCutOffAfterTheWriteTimeout) {
  options_.write_timeout = 50ms;
  serve();
  HttpClient http = client();
  http.send(post(R"({"model":"held","stream":true})"));
  const auto run = generator_->take();
  const std::string piece(64 * 1024, 'x');
  for (int i = 0; i < 100 && !run->stop_token().stop_requested(); ++i) run->delta(piece);
  EXPECT_TRUE(stop_comes(*run));
  run->stopped();
}

TEST_F(WaitingClientTest, CancelAnswers202WhileItStopsAnd200OnceItHas) {
  serve();
  HttpClient http = client();
  http.send(post(R"({"model":"held","stream":true})"));
  const std::string path = "/v1/generations/" + http.read_head().headers.at("shunt-generation-id");
  const auto run = generator_->take();
  HttpClient other = client();
  const Answer stopping = other.request("POST", path + "/cancel", R"({"reason":"changed my mind"})");
  EXPECT_EQ(stopping.status, 202);
  EXPECT_NE(stopping.body.find(R"("cancel_requested":true)"), std::string::npos);
  run->stopped();
  http.read_until("event: cancelled\n");
  const Answer again = other.request("POST", path + "/cancel");
  EXPECT_EQ(again.status, 200);
  EXPECT_NE(again.body.find("changed my mind"), std::string::npos) << again.body;
}

}  // namespace
}  // namespace shunt::api
