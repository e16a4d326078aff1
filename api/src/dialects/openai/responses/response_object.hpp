#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialects/openai/responses/response_facts.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/generation_record.hpp"

// A response as its clients see it.
namespace shunt::api::dialects::openai {

// What changes while it goes on.
struct ResponseState {
  std::string_view status = "in_progress";
  std::string_view incomplete_reason{};  // with "incomplete"
  std::optional<WallTime> completed_at{};
  const Error* error = nullptr;    // with "failed"
  const Json* result = nullptr;    // has the token counts
  std::string_view output = "[]";  // JSON
};

void append_response(std::string& out, const GenerationId& id, const ResponseFacts& facts,
                     const ResponseState& state);

// "" = the model has said all that it would; otherwise why it has not: "max_output_tokens", "content_filter".
[[nodiscard]] std::string_view incomplete_reason(const Json& result);

// A generation that has succeeded is "completed" or "incomplete".
[[nodiscard]] std::string_view response_status(const GenerationRecord& record);

// The whole of it from a record.
void append_response(std::string& out, const ResponseFacts& facts, const GenerationRecord& record);

}  // namespace shunt::api::dialects::openai
