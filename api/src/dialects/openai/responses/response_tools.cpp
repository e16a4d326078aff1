#include "dialects/openai/responses/response_tools.hpp"

#include <string>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/responses/item_content.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::api::dialects::openai {
namespace {

constexpr std::string_view kFunctionsOnly =
    "is not run here: there are tools of the type function alone, which the caller runs";

Result<JsonObject> chat_tool(const JsonObject& tool, const std::string& at) {
  const std::string_view type = text_member(tool, "type");
  if (type != "function")
    return bad_member(at + "/type", "the tool \"" + excerpt(type) + "\" " + std::string(kFunctionsOnly));
  if (text_member(tool, "name").empty()) return bad_member(at + "/name", "a function has its name here");
  JsonObject function;
  for (const auto& member : tool) {
    const std::string_view name = member.key();
    if (name == "type" || member.value().is_null()) continue;
    const bool known = name == "name" || name == "description" || name == "parameters" || name == "strict";
    if (!known)
      return bad_member(at + '/' + std::string(name), "a function's " + excerpt(name) + " is not taken");
    function[name] = member.value();
  }
  JsonObject made;
  made["type"] = "function";
  made["function"] = std::move(function);
  return made;
}

Result<JsonArray> chat_tools(const Json& tools) {
  const JsonArray* const given = tools.if_array();
  if (given == nullptr) return bad_member("/tools", "tools must be a list");
  JsonArray made;
  for (std::size_t i = 0; i < given->size(); ++i) {
    const std::string at = "/tools/" + std::to_string(i);
    const JsonObject* const tool = (*given)[i].if_object();
    if (tool == nullptr) return bad_member(at, "a tool must be an object");
    auto translated = chat_tool(*tool, at);
    if (!translated) return std::move(translated).error();
    made.push_back(std::move(*translated));
  }
  return made;
}

Result<Json> chat_choice(const Json& choice) {
  if (choice.is_string()) {
    const std::string_view word = choice.get_string();
    if (word == "none" || word == "auto" || word == "required") return choice;
    return bad_member("/tool_choice", "tool_choice must be none, auto, required or a function");
  }
  const JsonObject* const object = choice.if_object();
  if (object == nullptr)
    return bad_member("/tool_choice", "tool_choice must be none, auto, required or a function");
  const std::string_view type = text_member(*object, "type");
  if (type != "function")
    return bad_member("/tool_choice/type",
                      "the choice \"" + excerpt(type) + "\" " + std::string(kFunctionsOnly));
  if (text_member(*object, "name").empty())
    return bad_member("/tool_choice/name", "the function to be called has its name here");
  JsonObject function;
  function["name"] = object->at("name");
  JsonObject made;
  made["type"] = "function";
  made["function"] = std::move(function);
  return Json(std::move(made));
}

}  // namespace

Result<void> take_tools(JsonObject& body, JsonObject& echo, JsonObject& chat) {
  const auto tools = take_member(body, "tools");
  const auto choice = take_member(body, "tool_choice");
  const auto parallel = take_member(body, "parallel_tool_calls");
  echo["tools"] = tools.value_or(JsonArray{});
  echo["tool_choice"] = choice.value_or("auto");
  echo["parallel_tool_calls"] = parallel.value_or(true);
  if (parallel && !parallel->is_bool())
    return bad_member("/parallel_tool_calls", "parallel_tool_calls must be true or false");
  if (tools) {
    auto translated = chat_tools(*tools);
    if (!translated) return std::move(translated).error();
    if (!translated->empty()) chat["tools"] = std::move(*translated);
  }
  if (choice) {
    auto translated = chat_choice(*choice);
    if (!translated) return std::move(translated).error();
    if (chat.contains("tools")) chat["tool_choice"] = std::move(*translated);
    const bool needs_one = !choice->is_string() || choice->get_string() == "required";
    if (needs_one && !chat.contains("tools"))
      return bad_member("/tool_choice", "tool_choice asks for a call, and there are no tools");
  }
  if (parallel && chat.contains("tools")) chat["parallel_tool_calls"] = *parallel;
  return {};
}

}  // namespace shunt::api::dialects::openai
