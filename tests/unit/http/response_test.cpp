#include "shunt/http/server/response.hpp"

#include <gtest/gtest.h>

#include "shunt/http/chunked_body.hpp"
#include "shunt/http/http_date.hpp"

namespace shunt::http {
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

TEST(HttpDate, IsImfFixdate) {
  EXPECT_EQ(format_http_date(WallTime(784111777000ms)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(ChunkedBody, AnEmptyChunkIsNotWrittenBecauseItWouldEndTheBody) {
  std::string out;
  append_chunk(out, "");
  EXPECT_EQ(out, "");
  append_chunk(out, std::string(17, 'x'));
  EXPECT_EQ(out, "11\r\n" + std::string(17, 'x') + "\r\n");
}

}  // namespace
}  // namespace shunt::http
