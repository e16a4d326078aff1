#include "dialects/openai/chat/conversation.hpp"

#include <algorithm>
#include <array>

#include "dialects/openai/call_members.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::api::dialects::openai {
namespace {

constexpr auto kRoles = std::to_array<std::string_view>({"system", "developer", "user", "assistant"});

std::string_view text_of(const Json* value) {
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

Result<std::string> text_of_part(const Json& part, const std::string& at) {
  const JsonObject* const object = part.if_object();
  const std::string_view type = object == nullptr ? "" : text_of(object->if_contains("type"));
  if (type != "text") {
    return bad_member(at, "this model takes text alone, and this part is " +
                              (type.empty() ? std::string(json_kind_name(part)) : excerpt(type)));
  }
  const Json* const text = object->if_contains("text");
  if (text != nullptr && text->is_string()) return std::string(text->get_string());
  return bad_member(at + "/text", "a part of the type text has its text here");
}

Result<std::string> text_of_content(const Json* content, const std::string& at) {
  if (content == nullptr || content->is_null()) return std::string();
  if (content->is_string()) return std::string(content->get_string());
  const JsonArray* const parts = content->if_array();
  if (parts == nullptr) return bad_member(at, "content must be a text or a list of parts");
  std::string whole;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    auto text = text_of_part((*parts)[i], at + '/' + std::to_string(i));
    if (!text) return text;
    whole += *text;
  }
  return whole;
}

struct Said {
  std::string role;
  std::string text;
};

Result<Said> read_message(const Json& message, const std::string& at) {
  const JsonObject* const object = message.if_object();
  if (object == nullptr) return bad_member(at, "a message must be an object with a role and content");
  Said said{.role = std::string(text_of(object->if_contains("role"))), .text = {}};
  if (std::ranges::find(kRoles, said.role) == kRoles.end()) {
    return bad_member(at + "/role",
                      "role must be system, developer, user or assistant: this model calls no tools");
  }
  for (const std::string_view calls : {"tool_calls", "function_call"}) {
    const Json* const value = object->if_contains(calls);
    if (value != nullptr && !value->is_null())
      return bad_member(at + '/' + std::string(calls), "this model calls no tools");
  }
  auto text = text_of_content(object->if_contains("content"), at + "/content");
  if (!text) return std::move(text).error();
  said.text = std::move(*text);
  return said;
}

}  // namespace

Result<std::string> as_one_text(const Json& messages) {
  const JsonArray* const array = messages.if_array();
  if (array == nullptr || array->empty()) {
    return bad_member("/messages", "messages must be a list of messages that is not empty");
  }
  std::string whole;
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto said = read_message((*array)[i], "/messages/" + std::to_string(i));
    if (!said) return std::move(said).error();
    if (array->size() == 1 && said->role == "user") return std::move(said->text);
    whole.append(said->role).append(": ").append(said->text).append("\n\n");
  }
  return whole + "assistant:";
}

}  // namespace shunt::api::dialects::openai
