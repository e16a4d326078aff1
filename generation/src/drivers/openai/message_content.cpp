#include "drivers/openai/message_content.hpp"

#include <initializer_list>
#include <string_view>

#include "shunt/base/json_members.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

// A text, or the texts of nested parts.
std::string joined_text(const Json& value) {
  if (value.is_string()) return std::string(value.get_string());
  std::string all;
  if (value.is_array()) {
    for (const Json& part : value.get_array()) all += joined_text(part);
  } else if (value.is_object()) {
    all = text_in(value.get_object(), "text");
  }
  return all;
}

std::string thoughts_of(const JsonObject& part) {
  for (const std::string_view key : {"thinking", "text", "reasoning", "summary", "content"}) {
    const Json* value = part.if_contains(key);
    if (value == nullptr) continue;
    if (std::string text = joined_text(*value); !text.empty()) return text;
  }
  return {};
}

template <typename Piece>
void add(MessageContent& content, std::string text) {
  if (!text.empty()) content.pieces.emplace_back(Piece{std::move(text)});
}

void add_part(MessageContent& content, const Json& part) {
  if (part.is_string()) return add<TextPiece>(content, std::string(part.get_string()));
  if (!part.is_object()) return;
  const JsonObject& object = part.get_object();
  const std::string_view type = text_in(object, "type");
  if (type == "text" || type == "output_text" || (type.empty() && object.contains("text"))) {
    add<TextPiece>(content, joined_text(part));
  } else if (type == "thinking" || type.starts_with("reasoning")) {
    add<ReasoningPiece>(content, thoughts_of(object));
  } else if (type == "refusal") {
    add<RefusalPiece>(content, std::string(text_in(object, "refusal")));
  } else {
    content.others.push_back(part);
  }
}

}  // namespace

Result<MessageContent> read_message_content(const Json& content) {
  MessageContent read;
  if (content.is_null()) return read;
  if (content.is_string() || content.is_object()) {
    add_part(read, content);
  } else if (content.is_array()) {
    for (const Json& part : content.get_array()) add_part(read, part);
  } else {
    return Error{error_code::kUpstreamBroken,
                 "the upstream's answer is not a chat completion: content must be text or typed parts, got " +
                     to_json_text(content),
                 Retryable::kYes};
  }
  return read;
}

}  // namespace shunt::generation::openai
