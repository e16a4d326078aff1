#include "representation/generation_body.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "shunt/base/json.hpp"

namespace shunt::api {
namespace {

Result<GenerationBody> decode(std::string_view body,
                              std::initializer_list<std::pair<const char*, const char*>> headers = {}) {
  http::Request request;
  request.body = body;
  for (const auto& [name, value] : headers) request.headers.add(name, value);
  return decode_generation_body(request, BodyLimits{});
}

TEST(GenerationBody, ReadsEveryMember) {
  const auto body = decode(
      R"({"model":"m","input":{"a":[1]},"stream":true,"options":{"timeout_ms":1500,"metadata":{"k":"v"}},
          "context":{"tenant":"t","baggage":{"b":"c"}}})",
      {{"Idempotency-Key", "key-1"},
       {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
       {"tracestate", "a=1"},
       {"tracestate", "b=2"}});
  ASSERT_TRUE(body.ok()) << body.error().message;
  const GenerationRequest& request = body->request;
  EXPECT_EQ(request.model, "m");
  EXPECT_EQ(to_json_text(request.input), R"({"a":[1]})");
  EXPECT_TRUE(body->stream);
  EXPECT_EQ(request.options.timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(to_json_text(request.options.metadata), R"({"k":"v"})");
  EXPECT_EQ(request.context.tenant, "t");
  EXPECT_EQ(to_json_text(request.context.baggage), R"({"b":"c"})");
  EXPECT_EQ(request.context.traceparent.substr(0, 6), "00-0af");
  EXPECT_EQ(request.context.tracestate, "a=1, b=2");
  EXPECT_EQ(request.idempotency_key, "key-1");
  // What is kept has left the memory of the body's document, which is one piece.
  const boost::json::storage_ptr own;
  EXPECT_EQ(*request.input.storage(), *own);
  EXPECT_EQ(*request.options.metadata.storage(), *own);
  EXPECT_EQ(*request.context.baggage.storage(), *own);
}

TEST(GenerationBody, InputDefaultsToAnEmptyObject) {
  const auto body = decode(R"({"model":"m"})");
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(to_json_text(body->request.input), "{}");
  EXPECT_FALSE(body->stream);
}

TEST(GenerationBody, ABrokenTraceparentIsDroppedNotRefused) {
  const auto body = decode(R"({"model":"m"})", {{"traceparent", "00-zz"}, {"tracestate", "a=1"}});
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->request.context.traceparent, "");
  EXPECT_EQ(body->request.context.tracestate, "");
}

struct RefusedBody {
  const char* body;
  const char* code;
  const char* field;
};

class GenerationBodyRefuses : public testing::TestWithParam<RefusedBody> {};

TEST_P(GenerationBodyRefuses, ByNameAndCode) {
  const RefusedBody& row = GetParam();
  const auto decoded = decode(row.body);
  ASSERT_FALSE(decoded.ok()) << row.body;
  EXPECT_EQ(decoded.error().code, row.code) << row.body;
  const auto* const field = decoded.error().details.if_contains("field");
  EXPECT_EQ(field == nullptr ? "" : std::string(field->as_string()), row.field) << row.body;
  EXPECT_FALSE(decoded.error().is_retryable());
}

INSTANTIATE_TEST_SUITE_P(
    Table, GenerationBodyRefuses,
    testing::Values(
        RefusedBody{"", "invalid_json", ""}, RefusedBody{"{", "invalid_json", ""},
        RefusedBody{R"({"model":"m"} x)", "invalid_json", ""}, RefusedBody{"[1]", "invalid_request", ""},
        RefusedBody{"{}", "invalid_request", "/model"},
        RefusedBody{R"({"model":""})", "invalid_request", "/model"},
        RefusedBody{R"({"model":7})", "invalid_request", "/model"},
        RefusedBody{R"({"model":"m","input":"text"})", "invalid_request", "/input"},
        RefusedBody{R"({"model":"m","input":null})", "invalid_request", "/input"},
        RefusedBody{R"({"model":"m","inputs":{}})", "unknown_field", "/inputs"},
        RefusedBody{R"({"model":"m","stream":1})", "invalid_request", "/stream"},
        RefusedBody{R"({"model":"m","options":[]})", "invalid_request", "/options"},
        RefusedBody{R"({"model":"m","options":{"timeout":1}})", "unknown_field", "/options/timeout"},
        RefusedBody{R"({"model":"m","options":{"timeout_ms":0}})", "invalid_request", "/options/timeout_ms"},
        RefusedBody{R"({"model":"m","options":{"timeout_ms":1.5}})", "invalid_request",
                    "/options/timeout_ms"},
        RefusedBody{R"({"model":"m","options":{"metadata":3}})", "invalid_request", "/options/metadata"},
        RefusedBody{R"({"model":"m","context":{"tenant":3}})", "invalid_request", "/context/tenant"},
        RefusedBody{R"({"model":"m","context":{"baggage":{"a":1}}})", "invalid_request",
                    "/context/baggage/a"},
        RefusedBody{"{\"model\":\"\xff\"}", "invalid_utf8", ""}));

TEST(GenerationBody, RefusesABadIdempotencyKey) {
  const std::string long_key(256, 'k');
  for (const char* bad : {"", long_key.c_str(), "caf\xC3\xA9", "a\tb"}) {
    const auto body = decode(R"({"model":"m"})", {{"Idempotency-Key", bad}});
    ASSERT_FALSE(body.ok()) << bad;
    EXPECT_EQ(body.error().code, "invalid_header");
  }
  EXPECT_TRUE(decode(R"({"model":"m"})", {{"Idempotency-Key", long_key.substr(1).c_str()}}).ok());
}

TEST(CancelBody, TakesAReasonOrNothing) {
  EXPECT_EQ(*decode_cancel_body("", BodyLimits{}), "cancelled by request");
  EXPECT_EQ(*decode_cancel_body(R"({"reason":"too slow"})", BodyLimits{}), "too slow");
  EXPECT_EQ(decode_cancel_body(R"({"why":"x"})", BodyLimits{}).error().code, "unknown_field");
  EXPECT_EQ(decode_cancel_body("nope", BodyLimits{}).error().code, "invalid_json");
}

TEST(Traceparent, IsCheckedAsTraceContextSays) {
  EXPECT_TRUE(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  for (const char* bad : {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                          "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                          "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                          "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
    EXPECT_FALSE(is_traceparent(bad)) << bad;
  }
}

// A body at the limit of depth becomes an envelope at the limit of depth: nothing is taken that cannot
// travel.
TEST(GenerationBody, MayNestAsDeepAsItsEnvelope) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  const std::pair<std::string, std::string> places[] = {
      {R"({"model":"m","input":{"a":)", "}}"},
      {R"({"model":"m","options":{"metadata":{"a":)", "}}}"},
  };
  for (const auto& [before, after] : places) {
    const auto depth = static_cast<std::size_t>(std::count(before.begin(), before.end(), '{'));
    const auto deepest = decode(before + nested(kMaxJsonDepth - depth) + after);
    ASSERT_TRUE(deepest.ok()) << deepest.error().message;
    Envelope envelope;
    envelope.request = deepest->request;
    envelope.id = *GenerationId::parse("gen_01890a5d5d5d7a5d8a5d5a5d5d5d5d5d");
    const auto text = encode_envelope(envelope);
    ASSERT_TRUE(text.ok()) << text.error().message;
    EXPECT_TRUE(decode_envelope(*text).ok());
    const auto deeper = decode(before + nested(kMaxJsonDepth - depth + 1) + after);
    ASSERT_FALSE(deeper.ok());
    EXPECT_EQ(deeper.error().code, "json_too_deep");
    EXPECT_EQ(deeper.error().details.at("limit"), 64);
  }
}

TEST(GenerationBody, BoundsWhatComesBackWithEveryRecord) {
  const std::string metadata(16 * 1024, 'x');
  const auto refused = decode(R"({"model":"m","options":{"metadata":{"k":")" + metadata + R"("}}})");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().details.at("field"), "/options/metadata");
  EXPECT_EQ(refused.error().details.at("limit"), 16 * 1024);
  EXPECT_TRUE(decode(R"({"model":"m","options":{"metadata":{"k":")" + metadata.substr(8) + R"("}}})").ok());
  const auto reason = decode_cancel_body(R"({"reason":")" + std::string(5000, 'x') + R"("})", BodyLimits{});
  ASSERT_FALSE(reason.ok());
  EXPECT_EQ(reason.error().details.at("field"), "/reason");
}

TEST(GenerationBody, BoundsTheMembersOfAnObject) {
  std::string input;
  for (int i = 0; i < 1025; ++i) input += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  EXPECT_EQ(decode(R"({"model":"m","input":{)" + input + "}}").error().code, "too_many_members");
}

}  // namespace
}  // namespace shunt::api
