#include "representation/flip_order.hpp"

#include <gtest/gtest.h>

#include "shunt/base/json_members.hpp"

namespace shunt::api {
namespace {

TEST(FlipOrder, AnEmptyBodyAsksForNothingBesideTheMove) {
  const auto order = decode_flip_order("", FlipBody::kMove, {});
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(order->why, "");
  EXPECT_TRUE(order->overrides.empty());
  EXPECT_FALSE(order->plan || order->force);
}

TEST(FlipOrder, WhatIsWrongIsRefusedByName) {
  const std::string long_why(501, 'w');
  const std::string long_name(65, 'n');
  std::string many = R"({"overrides":["a")";
  for (int i = 0; i < 20; ++i) many += R"(,"a")";
  many += "]}";
  const struct {
    std::string body;
    FlipBody which;
    const char* code;
    const char* field;
  } cases[] = {
      {"[]", FlipBody::kMove, "invalid_request", ""},
      {"{", FlipBody::kMove, "invalid_json", nullptr},
      {R"({"why":1})", FlipBody::kMove, "invalid_request", "/why"},
      {R"({"why":")" + long_why + R"("})", FlipBody::kMove, "invalid_request", "/why"},
      {R"({"why":"a\u001b[2Jb"})", FlipBody::kMove, "invalid_request", "/why"},
      {R"({"why":"a\u202eb"})", FlipBody::kMove, "invalid_request", "/why"},
      {R"({"plan":{}})", FlipBody::kMove, "unknown_field", "/plan"},
      {R"({"weight":"5%"})", FlipBody::kStart, "unknown_field", "/weight"},
      {R"({"plan":"default"})", FlipBody::kStart, "invalid_request", "/plan"},
      {R"({"plan":{"stepps":[]}})", FlipBody::kStart, "invalid_plan", "/plan/stepps"},
      {R"({"plan":{"tick":"0s"}})", FlipBody::kPlan, "invalid_plan", "/plan/tick"},
      {R"({"why":"x"})", FlipBody::kPlan, "unknown_field", "/why"},
      {R"({"overrides":"redis.memory"})", FlipBody::kMove, "invalid_request", "/overrides"},
      {R"({"overrides":["a",1]})", FlipBody::kMove, "invalid_request", "/overrides/1"},
      {R"({"overrides":[""]})", FlipBody::kMove, "invalid_request", "/overrides/0"},
      {R"({"overrides":[")" + long_name + R"("]})", FlipBody::kMove, "invalid_request", "/overrides/0"},
      {many, FlipBody::kMove, "invalid_request", "/overrides"},
      {"", FlipBody::kForce, "invalid_request", "/executor"},
      {R"({"executor":"redis"})", FlipBody::kForce, "invalid_request", "/executor"},
      {R"({"executor":null})", FlipBody::kForce, "invalid_request", "/executor"},
      {R"({"executor":"sync"})", FlipBody::kMove, "unknown_field", "/executor"},
  };
  for (const auto& [body, which, code, field] : cases) {
    const auto order = decode_flip_order(body, which, {});
    ASSERT_FALSE(order.ok()) << body;
    EXPECT_EQ(order.error().code.to_string(), code) << body << order.error().message;
    if (field == nullptr) continue;
    EXPECT_EQ(text_in(order.error().details, "field"), field) << body;
  }
}

TEST(FlipOrder, ABoundNamesItselfAndWhatCame) {
  const auto order = decode_flip_order(R"({"why":")" + std::string(501, 'w') + R"("})", FlipBody::kMove, {});
  ASSERT_FALSE(order.ok());
  EXPECT_EQ(number_in(order.error().details, "limit"), 500);
  EXPECT_EQ(number_in(order.error().details, "received"), 501);
}

}  // namespace
}  // namespace shunt::api
