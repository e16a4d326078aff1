#include "shunt/webhooks/webhook.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shunt::webhooks {
namespace {

const UrlRules kStrict{};
const UrlRules kLoose{.allow_http = true, .allowed_addresses = http::AddressRanges({"127.0.0.0/8", "::1"})};

TEST(WebhookUrl, TakesWhatCanBeReached) {
  EXPECT_TRUE(check_url("https://example.com/hook?token=1", kStrict, "/url"));
  EXPECT_TRUE(check_url("https://93.184.216.34:8443/", kStrict, "/url"));
  EXPECT_TRUE(check_url("http://127.0.0.1:80/", kLoose, "/url"));
  EXPECT_TRUE(check_url("http://localhost/", kLoose, "/url"));
  EXPECT_TRUE(check_url("http://[::1]/", kLoose, "/url"));
}

TEST(WebhookUrl, RefusesTheRestAndQuotesNothing) {
  const std::vector<std::string> urls{
      "",
      "example.com",
      "/hook",
      "http://example.com/",
      "ftp://example.com/",
      "file:///etc/passwd",
      "gopher://example.com/",
      "https://",
      "https://user@example.com/",
      "https://user:s3cret@example.com/",
      "https://example.com/#s3cret",
      "https://example.com/\r\nX: 1",
      "https://example.com/\x01",
      "https://ex\xc3\xa4mple.com/",
      "https://localhost/",
      "https://foo.localhost/",
      "https://127.0.0.1/",
      "https://127.1/",
      "https://2130706433/",
      "https://0x7f000001/",
      "https://10.1.2.3/",
      "https://100.64.0.1/",
      "https://169.254.169.254/",
      "https://224.0.0.1/",
      "https://[::1]/",
      "https://[fd00::1]/",
      "https://[fe80::1]/",
      "https://[::ffff:127.0.0.1]/",
      "https://[64:ff9b::7f00:1]/",
      "https://example.com/" + std::string(kMaxUrlBytes, 'a'),
  };
  for (const std::string& url : urls) {
    const auto checked = check_url(url, kStrict, "/webhook/url");
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, "invalid_request") << url;
    EXPECT_EQ(checked.error().details.at("field"), "/webhook/url") << url;
    EXPECT_EQ(checked.error().message.find("s3cret"), std::string::npos) << url;
  }
}

TEST(Webhook, AsksForAllEventsUnlessItNamesSome) {
  const auto all = read_webhook(*parse_json(R"({"url":"https://example.com/"})"), kStrict, "/webhook");
  ASSERT_TRUE(all);
  for (const Event event : kEvents) EXPECT_TRUE(all->events.wants(event));
  const auto one = read_webhook(
      *parse_json(R"({"url":"https://example.com/","events":["generation.failed"]})"), kStrict, "/webhook");
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->events.wants(Event::kFailed));
  EXPECT_FALSE(one->events.wants(Event::kSucceeded));
  EXPECT_EQ(one->events.names(), std::vector<std::string>{"generation.failed"});
}

TEST(Webhook, IsGroupedByWhereItGoes) {
  EXPECT_EQ(endpoint_of("https://example.com/a"), "https://example.com:443");
  EXPECT_EQ(endpoint_of("http://example.com:81/b?c"), "http://example.com:81");
}

}  // namespace
}  // namespace shunt::webhooks
