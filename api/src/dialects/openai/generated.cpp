#include "dialects/openai/generated.hpp"

namespace shunt::api::dialects::openai {

void forbid_retry(http::Response& response) {
  response.set_header("x-should-retry", "false");
}

std::int64_t created_seconds(const GenerationId& id) {
  return std::chrono::floor<std::chrono::seconds>(id.created_at()).time_since_epoch().count();
}

const JsonObject* object_in(const Json& result, std::string_view name) {
  const JsonObject* const members = result.if_object();
  const Json* const value = members == nullptr ? nullptr : members->if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

std::string_view text_in(const Json& result, std::string_view name) {
  const JsonObject* const members = result.if_object();
  const Json* const value = members == nullptr ? nullptr : members->if_contains(name);
  return value == nullptr || !value->is_string() ? std::string_view() : std::string_view(value->get_string());
}

std::string_view finish_reason(const Json& result, bool calls_tools) {
  const std::string_view said = text_in(result, "finish_reason");
  if (!said.empty()) return said;
  return calls_tools ? "tool_calls" : "stop";
}

void write_usage(JsonObjectWriter& object, const Json& result) {
  const JsonObject* const usage = object_in(result, "usage");
  usage == nullptr ? static_cast<void>(object.begin("usage") += "null") : object.json("usage", *usage);
}

std::string_view text_of(const GenerationRecord& record) {
  if (record.text.empty() && record.result.is_string()) return record.result.get_string();
  return record.text;
}

}  // namespace shunt::api::dialects::openai
