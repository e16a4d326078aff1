#pragma once

#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/generation/message_parts.hpp"

// What a model has said, as the items of a response's output: its reasoning, its message, its calls of tools.
namespace shunt::api::dialects::openai {

// The items' ids follow from the generation's: a stream and the response read later have the same.
[[nodiscard]] std::string reasoning_item_id(const GenerationId& id);
[[nodiscard]] std::string message_item_id(const GenerationId& id);
[[nodiscard]] std::string call_item_id(const GenerationId& id, std::uint32_t index);

// The parts of a message's content.
void append_text_part(std::string& out, std::string_view text, const JsonArray& logprobs);
void append_refusal_part(std::string& out, std::string_view refusal);
void append_reasoning_part(std::string& out, std::string_view reasoning);

// The items. `parts` is the JSON of what is within the list of parts.
void append_reasoning_item(std::string& out, std::string_view id, std::string_view status,
                           std::string_view parts);
void append_message_item(std::string& out, std::string_view id, std::string_view status,
                         std::string_view parts);
void append_call_item(std::string& out, std::string_view id, std::string_view status, const ToolCall& call);

// All of a record's, as the JSON of a list. What a generation that goes on has said so far is not in it yet.
[[nodiscard]] std::string output_items(const GenerationRecord& record);

}  // namespace shunt::api::dialects::openai
