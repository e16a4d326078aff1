#include "server/request_parser.hpp"

#include <gtest/gtest.h>

#include "server/header_scan.hpp"

namespace shunt::http {
namespace {

constexpr std::size_t kLimit = 1000;

struct Parsed {
  Request request;
  std::string error;  // code
  bool done = false;
  std::size_t left = 0;
};

// Parses `bytes` as a connection does, the body in pieces of `step`.
Parsed parse(std::string_view bytes, std::size_t step = 1) {
  Parsed parsed;
  HeaderScan scan;
  if (scan.scan(bytes) != HeaderScan::State::kComplete) {
    parsed.error = scan.complaint().empty() ? "incomplete" : "malformed_request";
    return parsed;
  }
  RequestParser parser;
  parser.reset(parsed.request);
  if (const auto error = parser.parse_header(bytes.substr(0, scan.size()))) {
    parsed.error = error->code.to_string();
    return parsed;
  }
  std::size_t used = scan.size();
  for (std::size_t end = used + step; !parser.done() && used < bytes.size(); end += step) {
    const RequestParser::Fed fed =
        parser.feed_body(bytes.substr(0, std::min(end, bytes.size())).substr(used), kLimit);
    used += fed.used;
    if (fed.error) parsed.error = fed.error->code.to_string();
    if (fed.error || end > bytes.size()) break;
  }
  parsed.done = parser.done();
  parsed.left = bytes.size() - used;
  return parsed;
}

TEST(RequestParser, ReadsAPlainRequest) {
  const Parsed parsed = parse("GET /a?b HTTP/1.1\r\nHost: x\r\nX-Two:  spaced \r\nx-two: again\r\n\r\n");
  EXPECT_EQ(parsed.error, "");
  EXPECT_TRUE(parsed.done);
  EXPECT_EQ(parsed.request.method, "GET");
  EXPECT_EQ(parsed.request.target, "/a?b");
  EXPECT_TRUE(parsed.request.keep_alive);
  EXPECT_EQ(parsed.request.headers.get("HOST"), "x");
  EXPECT_EQ(parsed.request.headers.count("x-two"), 2u);
  EXPECT_EQ(parsed.request.headers.joined("X-TWO"), "spaced, again");
}

TEST(RequestParser, BodiesComeInAnyPieces) {
  for (const std::size_t step : {1u, 2u, 3u, 7u, 1000u}) {
    const Parsed sized = parse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET", step);
    EXPECT_EQ(sized.error, "");
    EXPECT_TRUE(sized.done);
    EXPECT_EQ(sized.request.body, "hello");
    const Parsed chunked = parse(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;ext=1\r\nabc\r\n0a\r\n0123456789\r\n0\r\nAuthorization: late\r\n\r\nGET",
        step);
    EXPECT_EQ(chunked.error, "") << step;
    EXPECT_TRUE(chunked.done) << step;
    EXPECT_EQ(chunked.request.body, "abc0123456789");
    EXPECT_FALSE(chunked.request.headers.has("Authorization")) << "a trailer is no header";
  }
}

TEST(RequestParser, StopsABodyAtItsLimit) {
  const std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n0\r\n\r\n";
  const Parsed parsed =
      parse("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk, 100);
  EXPECT_EQ(parsed.error, "body_too_large");
  EXPECT_LE(parsed.request.body.size(), kLimit);
}

struct Malformed {
  const char* why;
  const char* bytes;
  const char* code;
};

class RefusedRequest : public testing::TestWithParam<Malformed> {};

TEST_P(RefusedRequest, HasACode) {
  EXPECT_EQ(parse(GetParam().bytes).error, GetParam().code) << GetParam().why;
}

constexpr const char* kBad = "malformed_request";
INSTANTIATE_TEST_SUITE_P(
    Table, RefusedRequest,
    testing::Values(
        Malformed{"bare line feeds", "GET / HTTP/1.1\nHost: x\n\n", kBad},
        Malformed{"folded header", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", kBad},
        Malformed{"space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", kBad},
        Malformed{"header without a colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", kBad},
        Malformed{"no version", "GET /\r\n\r\n", kBad}, Malformed{"TLS hello", "\x16\x03\x01\x02", kBad},
        Malformed{"a leading space", " GET / HTTP/1.1\r\n\r\n", kBad},
        Malformed{"both framings",
                  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                  kBad},
        Malformed{"both framings, the other order",
                  "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
                  kBad},
        Malformed{"two lengths", "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", kBad},
        Malformed{"a signed length", "POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", kBad},
        Malformed{"a length beyond 64 bits",
                  "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", kBad},
        Malformed{"a bad chunk size", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", kBad},
        Malformed{"a chunk without its line end",
                  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX1\r\n", kBad},
        Malformed{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http_version_unsupported"},
        Malformed{"HTTP/0.9's successor", "GET / HTTP/0.9\r\n\r\n", "http_version_unsupported"}));

TEST(HeaderScan, FindsTheEndHoweverTheBytesCome) {
  const std::string_view block = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
  HeaderScan scan;
  for (std::size_t size = 1; size < block.size(); ++size) {
    EXPECT_EQ(scan.scan(block.substr(0, size)), HeaderScan::State::kMore) << size;
    EXPECT_EQ(scan.in_request_line(), size < 16) << size;
  }
  EXPECT_EQ(scan.scan(std::string(block) + "body"), HeaderScan::State::kComplete);
  EXPECT_EQ(scan.size(), block.size());
}

}  // namespace
}  // namespace shunt::http
