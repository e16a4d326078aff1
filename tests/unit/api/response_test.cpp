#include "response.hpp"

#include <gtest/gtest.h>

#include "shunt/base/json.hpp"
#include "sse.hpp"

namespace shunt::api {
namespace {

using namespace std::chrono_literals;

TEST(Response, WritesStatusHeadersAndLength) {
  Response response;
  response.set_json(200);
  response.body = "{}";
  response.add_header("X-A", "b");
  std::string out;
  append_head(out, response, {.date = "D"});
  EXPECT_EQ(
      out,
      "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: application/json\r\nX-A: b\r\nContent-Length: 2\r\n\r\n");
}

TEST(Response, AHeaderValueCannotStartALineOfItsOwn) {
  Response response;
  response.add_header("X-A", "b\r\nSet-Cookie: c");
  EXPECT_EQ(response.headers, "X-A: b  Set-Cookie: c\r\n");
}

TEST(Response, NothingFollowsA204Or304) {
  for (const int status : {204, 304}) {
    Response response;
    response.status = status;
    std::string out;
    append_head(out, response, {});
    EXPECT_EQ(out.find("Content-Length"), std::string::npos);
  }
}

TEST(Response, RetryAfterIsRoundedUpToWholeSeconds) {
  const auto shown = [](std::chrono::nanoseconds wait) {
    Response response;
    response.set_retry_after(wait);
    return response.headers;
  };
  EXPECT_EQ(shown(1ms), "Retry-After: 1\r\n");
  EXPECT_EQ(shown(1001ms), "Retry-After: 2\r\n");
  EXPECT_EQ(shown(0s), "Retry-After: 1\r\n");
}

TEST(Problem, CarriesTheErrorAndItsDetails) {
  Error error{"invalid_input", "no", Retryable::kNo};
  error.details = {{"field", "/input/text"}, {"status", 7}};
  Response response;
  response.set_problem(error, {.instance = "/v1/generations/gen_1"});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto problem = parse_json(response.body);
  ASSERT_TRUE(problem.ok()) << response.body;
  const auto& object = problem->as_object();
  EXPECT_EQ(object.at("status"), 422) << "a detail cannot hide a member of the format";
  EXPECT_EQ(object.at("field"), "/input/text");
  EXPECT_EQ(object.at("instance"), "/v1/generations/gen_1");
  EXPECT_EQ(object.at("detail"), "no");
  EXPECT_EQ(object.at("retryable"), false);
}

TEST(Problem, ACodeOfAForeignGeneratorIsABadGateway) {
  EXPECT_EQ(problem_type("my_own_code").status, 502);
}

TEST(HttpDate, IsImfFixdate) {
  EXPECT_EQ(format_http_date(WallTime(784111777000ms)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Sse, WritesIdEventAndData) {
  std::string out;
  append_sse_event(out, {.sequence = 3, .at = WallTime(0ms), .payload = event::Delta{"a\nb"}});
  EXPECT_EQ(out,
            "id: 3\nevent: delta\ndata: "
            "{\"seq\":3,\"type\":\"delta\",\"at\":\"1970-01-01T00:00:00.000Z\",\"text\":\"a\\nb\"}\n\n");
}

TEST(Sse, LastEventIdIsAWholeNumber) {
  EXPECT_EQ(*parse_last_event_id(""), 0u);
  EXPECT_EQ(*parse_last_event_id("17"), 17u);
  for (const char* bad : {"x", "-1", "1.5", " 1", "99999999999999999999"}) {
    EXPECT_EQ(parse_last_event_id(bad).error().code, "invalid_header") << bad;
  }
}

TEST(Sse, AnEmptyChunkIsNotWrittenBecauseItWouldEndTheBody) {
  std::string out;
  append_chunk(out, "");
  EXPECT_EQ(out, "");
  append_chunk(out, std::string(17, 'x'));
  EXPECT_EQ(out, "11\r\n" + std::string(17, 'x') + "\r\n");
}

}  // namespace
}  // namespace shunt::api
