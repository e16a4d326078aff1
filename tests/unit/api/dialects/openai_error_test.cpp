#include "dialects/openai/openai_error.hpp"

#include <gtest/gtest.h>

#include "representation/problem.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::api::dialects::openai {
namespace {

JsonObject written(http::Response& response, void (*write)(http::Response&, const Error&),
                   const Error& error) {
  write(response, error);
  auto body = parse_json(response.body);
  EXPECT_TRUE(body.ok()) << response.body;
  return body->as_object();
}

TEST(OpenAiError, HasWhatItsClientsTellErrorsApartBy) {
  struct Case {
    Error error;
    int status;
    const char* type;
    const char* code;
    const char* parameter;  // nullptr: null
  };
  const Case cases[] = {
      {invalid_field("/input/messages/0/content", "no"), 400, "invalid_request_error", "invalid_request",
       "messages[0].content"},
      {invalid_field("/model", "no", problem_code::kModelForbidden), 403, "permission_error",
       "model_forbidden", "model"},
      {invalid_field("/input/0", "no", error_code::kInvalidInput), 400, "invalid_request_error",
       "invalid_input", "[0]"},
      {unknown_model("x", {}), 404, "invalid_request_error", "model_not_found", "model"},
      {{problem_code::kUnauthorized, "no"}, 401, "authentication_error", "unauthorized", nullptr},
      {{problem_code::kRateLimited, "no"}, 429, "rate_limit_error", "rate_limited", nullptr},
      {{error_code::kUpstreamFailed, "no"}, 502, "server_error", "upstream_failed", nullptr},
      {{error_code::kDeadlineExceeded, "no"}, 504, "server_error", "deadline_exceeded", nullptr},
  };
  for (const Case& each : cases) {
    http::Response response;
    const JsonObject body = written(response, write_error, each.error);
    EXPECT_EQ(response.status, each.status) << each.code;
    EXPECT_EQ(response.content_type, "application/json");
    ASSERT_EQ(body.size(), 1U);
    const JsonObject& error = body.at("error").as_object();
    EXPECT_EQ(error.at("type").as_string(), each.type);
    EXPECT_EQ(error.at("code").as_string(), each.code);
    EXPECT_EQ(error.at("message").as_string(), each.error.message);
    if (each.parameter == nullptr) {
      EXPECT_TRUE(error.at("param").is_null()) << each.code;
    } else {
      EXPECT_EQ(error.at("param").as_string(), each.parameter);
    }
  }
}

TEST(OpenAiError, OnPathsOfBothIsOneMoreMemberOfTheProblem) {
  http::Response response;
  const JsonObject body =
      written(response, write_shared_error, Error{problem_code::kModelUnknown, "there is no model \"x\""});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(body.at("code").as_string(), "model_unknown");
  EXPECT_EQ(body.at("error").as_object().at("code").as_string(), "model_unknown");
  EXPECT_EQ(body.at("error").as_object().at("message").as_string(), "there is no model \"x\"");
}

TEST(OpenAiError, QuotesNoMoreOfARequestThanAProblemDoes) {
  http::Response response;
  const JsonObject body =
      written(response, write_error, {error_code::kInvalidRequest, std::string(1'000'000, 'x')});
  EXPECT_LT(body.at("error").as_object().at("message").as_string().size(), 10'000U);
}

}  // namespace
}  // namespace shunt::api::dialects::openai
