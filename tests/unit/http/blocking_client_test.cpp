#include "shunt/http/blocking_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "scripted_server.hpp"

namespace shunt::http {
namespace {

using namespace std::chrono_literals;
using How = TransferEnd::How;

ClientRequest get(const std::string& url) {
  ClientRequest request;
  request.url = url;
  return request;
}

// Answers what `bytes` says, whatever is asked.
ScriptedServer given_answer(const char* bytes) {
  return ScriptedServer([bytes](ScriptedServer::Socket& socket) {
    ScriptedServer::read_header(socket);
    ScriptedServer::send(socket, bytes);
  });
}

// Says nothing until the client leaves.
ScriptedServer given_silence() {
  return ScriptedServer([](ScriptedServer::Socket& socket) { ScriptedServer::wait_for_end(socket); });
}

constexpr const char* kHello =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nLocation: /there\r\n\r\nhello";

TEST(BlockingClient, GivesHeadAndBody) {
  const ScriptedServer server = given_answer(kHello);
  BlockingClient client;
  const ClientResponse response = client.perform(get(server.url()));
  ASSERT_TRUE(response.complete()) << response.end.reason;
  EXPECT_EQ(response.head.status, 200);
  EXPECT_EQ(response.head.content_type, "text/plain");
  EXPECT_EQ(response.head.location, "/there");
  EXPECT_EQ(response.head.content_length, 5u);
  EXPECT_EQ(response.body, "hello");
}

TEST(BlockingClient, SendsMethodHeadersAndABorrowedBody) {
  std::string received;
  {
    const ScriptedServer server([&received](ScriptedServer::Socket& socket) {
      received = ScriptedServer::read_header(socket);
      ScriptedServer::send(socket, "HTTP/1.1 204 No Content\r\n\r\n");
    });
    BlockingClient client;
    ClientRequest request = get(server.url("/a?b"));
    request.method = "PUT";
    request.headers = {"X-One: 1"};
    request.borrowed_body = "";
    EXPECT_EQ(client.perform(std::move(request)).head.status, 204);
  }
  EXPECT_TRUE(received.starts_with("PUT /a?b HTTP/1.1\r\n")) << received;
  EXPECT_NE(received.find("X-One: 1\r\n"), std::string::npos) << received;
  EXPECT_NE(received.find("Content-Length: 0\r\n"), std::string::npos) << received;
  EXPECT_EQ(received.find("Expect"), std::string::npos) << received;
}

// Gives what there is of `text`, a few bytes at a time.
BodySource source_of(const std::string& text, std::uint64_t size) {
  return {.size = size, .read = [&text](std::uint64_t offset, char* room, std::size_t length) {
            return text.copy(room, std::min<std::size_t>(length, 3), static_cast<std::size_t>(offset));
          }};
}

TEST(BlockingClient, ReadsABodyFromItsSourceWhileItIsSent) {
  std::string received;
  const std::string text = "0123456789";
  {
    const ScriptedServer server([&received](ScriptedServer::Socket& socket) {
      received = ScriptedServer::read_header(socket);
      ScriptedServer::send(socket, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
      ScriptedServer::wait_for_end(socket);
    });
    BlockingClient client;
    ClientRequest request = get(server.url("/a"));
    request.method = "PUT";
    EXPECT_EQ(client.put(std::move(request), source_of(text, text.size())).head.status, 204);
  }
  EXPECT_TRUE(received.starts_with("PUT /a HTTP/1.1\r\n")) << received;
  EXPECT_NE(received.find("Content-Length: 10\r\n"), std::string::npos) << received;
  EXPECT_EQ(received.find("Expect"), std::string::npos) << received;
  EXPECT_EQ(received.find("chunked"), std::string::npos) << received;
}

TEST(BlockingClient, ASourceThatEndsTooSoonEndsTheTransfer) {
  const ScriptedServer server = given_silence();
  const std::string text = "0123456789";
  BlockingClient client;
  ClientRequest request = get(server.url());
  request.method = "PUT";
  request.total_timeout = 20s;
  const TransferEnd end = client.put(std::move(request), source_of(text, 50)).end;
  EXPECT_EQ(end.how, How::kBroken);
  EXPECT_FALSE(end.request_written);
}

TEST(BlockingClient, ASinkMayHaveEnough) {
  const ScriptedServer server = given_answer(kHello);
  BlockingClient client;
  int status = 0;
  const ClientResponse response =
      client.perform(get(server.url()), [&status](const ResponseHead& head, std::string_view) {
        status = head.status;
        return false;
      });
  EXPECT_EQ(response.end.how, How::kStopped);
  EXPECT_EQ(status, 200);
  EXPECT_EQ(response.body, "");
}

TEST(BlockingClient, RefusesABodyBeyondItsBound) {
  const ScriptedServer server = given_answer(kHello);
  BlockingClient client;
  ClientRequest request = get(server.url());
  request.max_response_bytes = 4;
  EXPECT_EQ(client.perform(std::move(request)).end.how, How::kTooLarge);
}

TEST(BlockingClient, TellsACutAnswerFromAWholeOne) {
  const ScriptedServer server = given_answer("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
  BlockingClient client;
  const ClientResponse response = client.perform(get(server.url()));
  EXPECT_EQ(response.end.how, How::kBroken);
  EXPECT_EQ(response.head.status, 200);
  EXPECT_NE(response.end.reason, "");
}

TEST(BlockingClient, TellsWhereNobodyListens) {
  std::string url;
  {
    const ScriptedServer gone = given_silence();
    url = gone.url();
  }
  BlockingClient client;
  const TransferEnd end = client.perform(get(url)).end;
  EXPECT_EQ(end.how, How::kNotConnected);
  EXPECT_EQ(end.obstacle, TransferEnd::Obstacle::kRefused);
}

TEST(BlockingClient, TellsANameThatNobodyHasFromAServerWithoutTls) {
  BlockingClient client;
  EXPECT_EQ(client.perform(get("http://no-such-host.invalid/")).end.obstacle, TransferEnd::Obstacle::kName);
  const ScriptedServer plain([](ScriptedServer::Socket& socket) {
    ScriptedServer::send(socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  const std::string address = plain.url().substr(std::string_view("http://").size());
  EXPECT_EQ(client.perform(get("https://" + address)).end.obstacle, TransferEnd::Obstacle::kTls);
}

TEST(BlockingClient, ReturnsInTime) {
  const ScriptedServer server = given_silence();
  BlockingClient client;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(client.perform(get(server.url()), {}, begun + 50ms).end.how, How::kStopped);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST(BlockingClient, TheTotalTimeoutIsTheRequestsOwn) {
  const ScriptedServer server = given_silence();
  BlockingClient client;
  ClientRequest request = get(server.url());
  request.total_timeout = 50ms;
  EXPECT_EQ(client.perform(std::move(request)).end.how, How::kTimedOut);
}

TEST(BlockingClient, AnotherThreadEndsWhatIsUnderWayAndAllThatFollows) {
  const ScriptedServer server = given_silence();
  BlockingClient client;
  std::thread other([&client] { client.end_by(std::chrono::steady_clock::now()); });
  EXPECT_EQ(client.perform(get(server.url())).end.how, How::kStopped);
  other.join();
  EXPECT_EQ(client.perform(get(server.url())).end.how, How::kStopped);
}

TEST(BlockingClient, SpeaksNothingButHttp) {
  BlockingClient client;
  EXPECT_EQ(client.perform(get("file:///etc/hostname")).end.how, How::kNotConnected);
}

}  // namespace
}  // namespace shunt::http
