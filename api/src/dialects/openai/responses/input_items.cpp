#include "dialects/openai/responses/input_items.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/responses/item_content.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::api::dialects::openai {
namespace {

constexpr auto kRoles = std::to_array<std::string_view>({"system", "developer", "user", "assistant"});

// Errors name a model's input before the member of it, and here that member is the call's own `input`.
constexpr std::string_view kInput = "/input/input/";

constexpr std::string_view kEarlier = "/previous_response_id";

// The member of an item that has what is said.
std::string_view said_in(std::string_view type) {
  return type == "function_call_output" ? "output" : "content";
}

std::string quoted(std::string_view text) {
  return '"' + excerpt(text) + '"';
}

// The members of an item that are texts and must be there.
Result<void> require_texts(const JsonObject& item, std::initializer_list<std::string_view> names,
                           const std::string& at) {
  for (const std::string_view name : names) {
    const Json* const value = item.if_contains(name);
    if (value == nullptr || !value->is_string())
      return bad_member(at + '/' + std::string(name), std::string(name) + " must be a text");
  }
  return {};
}

Result<void> check_message(const JsonObject& item, const std::string& at) {
  const std::string_view role = text_member(item, "role");
  if (std::ranges::find(kRoles, role) == kRoles.end())
    return bad_member(at + "/role", "role must be system, developer, user or assistant");
  const Json* const content = item.if_contains("content");
  if (content == nullptr) return bad_member(at + "/content", "a message has its content here");
  if (auto checked = as_chat_content(*content, at + "/content"); !checked) return std::move(checked).error();
  return {};
}

Result<void> check_item(const JsonObject& item, const std::string& at) {
  const std::string_view type = text_member(item, "type");
  if (type == "message") return check_message(item, at);
  if (type == "function_call") return require_texts(item, {"call_id", "name", "arguments"}, at);
  if (type == "function_call_output") {
    if (auto named = require_texts(item, {"call_id"}, at); !named) return named;
    const Json* const output = item.if_contains("output");
    if (output == nullptr) return bad_member(at + "/output", "the tool's answer is here");
    if (auto checked = as_chat_content(*output, at + "/output"); !checked) return std::move(checked).error();
    return {};
  }
  if (type == "reasoning") return {};
  return bad_member(at + "/type", "items of the type " + quoted(type) +
                                      " are not taken; there are message, function_call, "
                                      "function_call_output and reasoning");
}

Result<JsonObject> read_item(const Json& value, const std::string& at) {
  const JsonObject* const given = value.if_object();
  if (given == nullptr) return bad_member(at, "an item must be an object");
  JsonObject item = *given;
  if (!item.contains("type") && item.contains("role")) item["type"] = "message";
  if (auto checked = check_item(item, at); !checked) return std::move(checked).error();
  return item;
}

JsonObject chat_message(std::string_view role, Json content) {
  JsonObject message;
  message["role"] = role;
  message["content"] = std::move(content);
  return message;
}

JsonObject chat_call(const JsonObject& item) {
  JsonObject function;
  function["name"] = item.at("name");
  function["arguments"] = item.at("arguments");
  JsonObject call;
  call["id"] = item.at("call_id");
  call["type"] = "function";
  call["function"] = std::move(function);
  return call;
}

void add_call(JsonArray& messages, const JsonObject& item) {
  const bool follows = !messages.empty() && text_member(messages.back().get_object(), "role") == "assistant";
  if (!follows) messages.push_back(chat_message("assistant", nullptr));
  JsonObject& message = messages.back().get_object();
  if (!message.contains("tool_calls")) message["tool_calls"] = JsonArray{};
  message["tool_calls"].get_array().push_back(chat_call(item));
}

Result<void> add_message(JsonArray& messages, const JsonObject& item, const std::string& at) {
  const std::string_view type = text_member(item, "type");
  if (type == "reasoning") return {};
  if (type == "function_call") {
    add_call(messages, item);
    return {};
  }
  const bool is_answer = type == "function_call_output";
  const std::string_view member = said_in(type);
  auto content = as_chat_content(item.at(member), at + '/' + std::string(member));
  if (!content) return std::move(content).error();
  messages.push_back(chat_message(is_answer ? "tool" : text_member(item, "role"), std::move(*content)));
  if (is_answer) messages.back().get_object()["tool_call_id"] = item.at("call_id");
  return {};
}

}  // namespace

Result<JsonArray> read_input(const Json& input) {
  JsonArray items;
  if (input.is_string()) {
    JsonObject message = chat_message("user", input);
    message["type"] = "message";
    items.push_back(std::move(message));
    return items;
  }
  const JsonArray* const given = input.if_array();
  if (given == nullptr || given->empty())
    return bad_member("/input", "input must be a text or a list of items that is not empty");
  for (std::size_t i = 0; i < given->size(); ++i) {
    auto item = read_item((*given)[i], std::string(kInput) + std::to_string(i));
    if (!item) return std::move(item).error();
    items.push_back(std::move(*item));
  }
  return items;
}

std::vector<std::string> file_places(const JsonArray& items, std::size_t earlier) {
  std::vector<std::string> places;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const JsonObject& item = items[i].get_object();
    const std::string_view type = text_member(item, "type");
    if (type == "reasoning" || type == "function_call") continue;
    const std::string_view member = said_in(type);
    const JsonArray* const parts = item.at(member).if_array();
    for (std::size_t j = 0; parts != nullptr && j < parts->size(); ++j) {
      if (!names_file((*parts)[j])) continue;
      std::string place(kEarlier);
      if (i >= earlier)
        place.assign(kInput)
            .append(std::to_string(i - earlier))
            .append("/")
            .append(member)
            .append("/")
            .append(std::to_string(j) + "/file_id");
      places.push_back(std::move(place));
    }
  }
  return places;
}

Result<JsonArray> as_messages(const JsonArray& items, std::string_view instructions) {
  JsonArray messages;
  if (!instructions.empty()) {
    JsonObject message;
    message["role"] = "system";
    message["content"] = instructions;
    messages.push_back(std::move(message));
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto added = add_message(messages, items[i].get_object(), std::string(kInput) + std::to_string(i));
    if (!added) return std::move(added).error();
  }
  return messages;
}

}  // namespace shunt::api::dialects::openai
