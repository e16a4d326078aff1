#include "admission/web_boundary.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "shunt/http/web_names.hpp"

namespace shunt::api {
namespace {

std::string code(const WebBoundary& boundary, const WebRequest& request) {
  const auto refused = boundary.refusal(request);
  return refused ? refused->code.to_string() : std::string();
}

TEST(WebBoundary, WithoutKeysAHostIsAnAddressOrLocalhostOrListed) {
  const WebBoundary boundary({"api", "Shunt.Example.com.", "fe80::7"}, {}, false);
  const struct {
    const char* host;
    const char* code;
  } cases[] = {
      {"127.0.0.1", ""},
      {"127.0.0.1:8080", ""},
      {"10.1.2.3:80", ""},
      {"0.0.0.0", ""},
      {"[::1]", ""},
      {"[::1]:8080", ""},
      {"[::ffff:127.0.0.1]:1", ""},
      {"localhost", ""},
      {"LocalHost:8080", ""},
      {"localhost.", ""},
      {"localhost.:8080", ""},
      {"localhost:", ""},
      {"api", ""},
      {"API:8080", ""},
      {"shunt.example.com", ""},
      {"shunt.example.com.:443", ""},
      {"", "misdirected_request"},
      {"localhost..", "misdirected_request"},
      {"a.localhost", "misdirected_request"},
      {"localhost.evil.example", "misdirected_request"},
      {"evil.example", "misdirected_request"},
      {"127.0.0.1.evil.example", "misdirected_request"},
      {"api.evil.example", "misdirected_request"},
      {"0x7f.0.0.1", "misdirected_request"},
      {"2130706433", "misdirected_request"},
      {"127.1", "misdirected_request"},
      {"0177.0.0.1", "misdirected_request"},
      {"127.0.0.1.", "misdirected_request"},
      {"%6cocalhost", "misdirected_request"},
      {"localhost,evil", "misdirected_request"},
      {"user@localhost", "malformed_request"},
      {"user:word@127.0.0.1", "malformed_request"},
      {"local host", "malformed_request"},
      {"localhost/", "malformed_request"},
      {"localhost:80:80", "malformed_request"},
      {"localhost:x", "malformed_request"},
      {"localhost:65536", "malformed_request"},
      {"localhost:-1", "malformed_request"},
      {"[::1", "malformed_request"},
      {"[::1]x", "malformed_request"},
      {"[::1%25lo]", "malformed_request"},
      {"[127.0.0.1]", "malformed_request"},
      {"::1", "malformed_request"},
      {"\xC3\xBC", "malformed_request"},
  };
  for (const auto& [host, expected] : cases) {
    EXPECT_EQ(code(boundary, {.host = host, .origin = {}, .fetch_site = {}}), expected) << host;
  }
  EXPECT_EQ(code(boundary, {}), "") << "HTTP/1.0 without Host: no browser";
}

TEST(WebBoundary, WithoutKeysPagesOfOtherOriginsAreRefused) {
  const WebBoundary boundary({"shunt.example.com"}, {"https://app.example.com"}, false);
  const struct {
    const char* host;
    std::optional<std::string_view> origin;
    std::optional<std::string_view> site;
    const char* code;
  } cases[] = {
      {"127.0.0.1:8080", "http://127.0.0.1:8080", "same-origin", ""},
      {"127.0.0.1:8080", "http://127.0.0.1:8080", std::nullopt, ""},
      {"[::1]:8080", "http://[0:0::1]:8080", std::nullopt, ""},
      {"localhost", "http://localhost", std::nullopt, ""},
      {"localhost:80", "http://LOCALHOST", std::nullopt, ""},
      {"127.0.0.1:8080", std::nullopt, "none", ""},
      {"127.0.0.1:8080", std::nullopt, "same-origin", ""},
      {"127.0.0.1:8080", std::nullopt, std::nullopt, ""},
      {"127.0.0.1:8080", "https://app.example.com", "cross-site", ""},
      {"127.0.0.1:8080", "https://app.example.com:443", "cross-site", ""},
      {"127.0.0.1:8080", "http://app.example.com", "cross-site", "foreign_origin"},
      {"127.0.0.1:8080", "https://app.example.com.evil.example", "cross-site", "foreign_origin"},
      {"127.0.0.1:8080", "http://127.0.0.1:3000", "same-site", "foreign_origin"},
      {"127.0.0.1:8080", "https://127.0.0.1:8080", std::nullopt, "foreign_origin"},
      {"127.0.0.1:8080", "http://localhost:8080", std::nullopt, "foreign_origin"},
      {"127.0.0.1:8080", "http://127.0.0.1", std::nullopt, "foreign_origin"},
      {"127.0.0.1:8080", "null", std::nullopt, "foreign_origin"},
      {"127.0.0.1:8080", "", std::nullopt, "foreign_origin"},
      {"127.0.0.1:8080", "http://127.0.0.1:8080/", std::nullopt, "foreign_origin"},
      {"127.0.0.1:8080", "http://u@127.0.0.1:8080", std::nullopt, "foreign_origin"},
      {"127.0.0.1:8080", "chrome-extension://abc", std::nullopt, "foreign_origin"},
      {"127.0.0.1:8080", "http://127.0.0.1:8080 http://evil", std::nullopt, "foreign_origin"},
      {"127.0.0.1:8080", "http://127.0.0.1:8080", "cross-site", "foreign_origin"},
      {"127.0.0.1:8080", std::nullopt, "cross-site", "foreign_origin"},
      {"127.0.0.1:8080", std::nullopt, "same-site", "foreign_origin"},
      {"127.0.0.1:8080", std::nullopt, "", "foreign_origin"},
      {"evil.example:8080", "http://evil.example:8080", "same-origin", "misdirected_request"},
  };
  for (const auto& [host, origin, site, expected] : cases) {
    EXPECT_EQ(code(boundary, {.host = host, .origin = origin, .fetch_site = site}), expected)
        << host << ' ' << origin.value_or("-") << ' ' << site.value_or("-");
  }
  EXPECT_EQ(code(boundary, {.host = {}, .origin = "http://localhost", .fetch_site = {}}), "foreign_origin");
}

TEST(WebBoundary, WithKeysOnlyWhatIsNoHostIsRefused) {
  const WebBoundary boundary({}, {}, true);
  EXPECT_EQ(code(boundary, {.host = "any.example", .origin = "http://evil", .fetch_site = "cross-site"}), "");
  EXPECT_EQ(code(boundary, {.host = "a@b", .origin = {}, .fetch_site = {}}), "malformed_request");
}

TEST(WebBoundary, ARefusalNamesWhatCameAndTheSetting) {
  const WebBoundary boundary({}, {}, false);
  const std::string long_name(5000, 'a');
  const auto refused = boundary.refusal({.host = long_name, .origin = {}, .fetch_site = {}});
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->message.find("aaaa"), std::string::npos);
  EXPECT_NE(refused->message.find("server.allowed_hosts"), std::string::npos);
  EXPECT_LT(refused->message.size(), 500U);
  const auto foreign = boundary.refusal({.host = "[::1]", .origin = "http://evil", .fetch_site = {}});
  ASSERT_TRUE(foreign);
  EXPECT_NE(foreign->message.find("http://evil"), std::string::npos);
  EXPECT_NE(foreign->message.find("server.cors_origins"), std::string::npos);
}

TEST(WebBoundary, NamesOfSettingsAreExact) {
  for (const char* host : {"api", "my_service", "10.0.0.7", "::1", "[::1]", "a.b."})
    EXPECT_TRUE(http::is_host(host)) << host;
  for (const char* host : {"", "*", "*.example.com", "a:80", "http://a", "a/b", "a b", "10.0.0.0/8"}) {
    EXPECT_FALSE(http::is_host(host)) << host;
  }
  for (const char* origin : {"https://a.b", "http://localhost:3000", "http://[::1]:1"}) {
    EXPECT_TRUE(http::is_origin(origin)) << origin;
  }
  for (const char* origin :
       {"", "*", "null", "a.b", "https://", "https://a.b/", "https://*.a.b", "https://u@a"}) {
    EXPECT_FALSE(http::is_origin(origin)) << origin;
  }
}

}  // namespace
}  // namespace shunt::api
