#include "drivers/openai/upstream_error.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

TEST(UpstreamError, MapsEachStatusToACode) {
  const std::tuple<int, std::string_view, bool> cases[] = {
      {301, error_code::kUpstreamRejected, false},   {400, error_code::kUpstreamRejected, false},
      {401, error_code::kUpstreamRejected, false},   {404, error_code::kUpstreamRejected, false},
      {408, error_code::kUpstreamTimeout, true},     {422, error_code::kUpstreamRejected, false},
      {429, error_code::kUpstreamRateLimited, true}, {500, error_code::kUpstreamFailed, true},
      {503, error_code::kUpstreamFailed, true},      {599, error_code::kUpstreamFailed, true}};
  for (const auto& [status, code, retryable] : cases) {
    const Error error = error_for_status(status, "", {100});
    EXPECT_EQ(error.code, code) << status;
    EXPECT_EQ(error.is_retryable(), retryable) << status;
    EXPECT_EQ(error.details.at("status"), status);
  }
}

TEST(UpstreamError, QuotesTheErrorObject) {
  const Error error = error_for_status(
      400,
      R"({"error":{"message":"max_tokens is too large","type":"invalid_request_error","code":"too_large"}})",
      {30});
  EXPECT_EQ(error.message, "the upstream answered 400: max_tokens is too large");
  EXPECT_EQ(error.details.at("upstream_type"), "invalid_request_error");
  EXPECT_EQ(error.details.at("upstream_code"), "too_large");
  EXPECT_EQ(error.details.at("body_excerpt"), R"({"error":{"message":"max_token)");
}

TEST(UpstreamError, QuotesTheOtherFormsThatServersUse) {
  for (const std::string_view body :
       {R"({"error":"out of memory"})", R"({"message":"out of memory"})", R"({"detail":"out of memory"})"}) {
    EXPECT_EQ(error_for_status(500, body, {100}).message, "the upstream answered 500: out of memory") << body;
  }
}

TEST(UpstreamError, KeepsAnExcerptOfWhatIsNotJsonAsValidUtf8) {
  const Error error = error_for_status(502, "<h1>Bad \xFFGateway \xE2\x98\x95</h1>", {20});
  EXPECT_EQ(error.message, "the upstream answered 502");
  EXPECT_EQ(error.details.at("body_excerpt"), "<h1>Bad \uFFFDGateway ");
}

TEST(UpstreamError, KnowsAModelThatLoadsFromOneThatCannot) {
  const std::tuple<int, std::string_view, bool> cases[] = {
      {503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})", true},
      {503, R"({"error":"Model tiny is currently loading","estimated_time":20.0})", true},
      {503, "The model is still LOADING, please wait", true},
      {503, R"({"message":"warming up"})", true},
      {503, R"({"error":{"message":"Failed loading the model"}})", false},
      {503, R"({"error":{"message":"error while loading model"}})", false},
      {503, R"({"error":{"message":"Service unavailable"}})", false},
      {503, "", false},
      {500, R"({"error":{"message":"Loading model"}})", false},
      {429, R"({"error":{"message":"Loading model"}})", false}};
  for (const auto& [status, body, loading] : cases) {
    EXPECT_EQ(says_model_is_loading(status, body), loading) << status << ' ' << body;
  }
}

const std::vector<std::string> kSecrets = {"sk-12345", "hunter2"};

TEST(Redacted, ReplacesEveryOccurrence) {
  EXPECT_EQ(redacted("a sk-12345 b sk-12345", kSecrets), "a [redacted] b [redacted]");
  EXPECT_EQ(redacted("both: sk-12345 and hunter2", kSecrets), "both: [redacted] and [redacted]");
  EXPECT_EQ(redacted("nothing here", kSecrets), "nothing here");
  EXPECT_EQ(redacted("anything", {}), "anything");
}

TEST(Redacted, FindsWhatTheServersJsonHasEscaped) {
  const std::vector<std::string> secrets = {R"(sk/a+b"c\d)"};
  for (const std::string_view said :
       {R"(sk/a+b"c\d)", R"(sk\/a+b\"c\\d)", R"(sk\u002fa\u002Bb\u0022c\u005Cd)", R"(\u0073k/a+b\"c\\d)"}) {
    EXPECT_EQ(redacted("key " + std::string(said) + " is bad", secrets), "key [redacted] is bad") << said;
    EXPECT_EQ(excerpt(std::string(said) + " is bad", {9, secrets}), "[redacted") << said;
  }
  EXPECT_EQ(redacted(R"(key sk\/a\u002)", secrets), "key ") << "cut within an escape";
  EXPECT_EQ(redacted(R"(sk\na+b)", secrets), R"(sk\na+b)");
}

TEST(Redacted, DropsAnOccurrenceThatIsCutOff) {
  EXPECT_EQ(redacted("key sk-1234", kSecrets), "key ");
  EXPECT_EQ(redacted("ends in sk", kSecrets), "ends in sk") << "two letters give nothing away";
}

TEST(Excerpt, NeverShowsPartOfASecretWhereverItCuts) {
  const std::vector<std::string> secrets = {"sk-0123456789"};
  const std::string& secret = secrets.front();
  const std::string text = secret + " and " + secret + " and once more " + secret;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string shown = excerpt(text, {size, secrets});
    EXPECT_EQ(shown.find("sk-0"), std::string::npos) << shown;
    EXPECT_LE(shown.size(), size);
  }
}

}  // namespace
}  // namespace shunt::generation::openai
