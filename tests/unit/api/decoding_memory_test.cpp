#include "representation/decoding_memory.hpp"

#include <gtest/gtest.h>

#include <string>

#include "shunt/base/json_memory.hpp"

namespace shunt::api {
namespace {

TEST(DecodingMemory, ObjectsAreCountedAndBracesOfStringsAreNot) {
  const std::pair<const char*, std::size_t> cases[] = {
      {"", 0U},
      {"{}", 1U},
      {R"([{},{"a":{}}])", 3U},
      {R"({"a":"{{{"})", 1U},
      {R"({"a":"\"{","b":{}})", 2U},
      {R"({"a":"\\","b":{}})", 2U},
      {R"({"a":"\\\"{)", 1U},
      {R"("{\)", 0U},
      {R"({"{":{)", 2U},
  };
  for (const auto& [text, count] : cases) EXPECT_EQ(json_object_count(text), count) << text;
}

TEST(DecodingMemory, WhatIsTranslatedTakesMoreForEachObject) {
  const std::string body = R"({"messages":[{},{},{}]})";
  const std::size_t plain = decoding_memory(body, Decoding::kAsItIs);
  EXPECT_EQ(plain, 2 * json_parse_memory(body));
  EXPECT_EQ(decoding_memory(body, Decoding::kTranslated), plain + 4UL * 1024);
}

TEST(DecodingMemory, AStoredConversationIsThereSeveralTimes) {
  GenerationRequest request;
  request.input = JsonObject{{"prompt", std::string(10'000, 'x')}};
  EXPECT_EQ(stored_request_memory(request), 0U);
  EXPECT_EQ(held_request_memory(request), json_memory(request.input));
  request.context.dialect["items"] = JsonArray(1'000, Json(JsonObject{{"role", "user"}}));
  EXPECT_EQ(stored_request_memory(request), 4 * json_memory(request.context.dialect));
  EXPECT_EQ(held_request_memory(request), json_memory(request.input) + json_memory(request.context.dialect));
}

}  // namespace
}  // namespace shunt::api
