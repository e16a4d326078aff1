#include "dialects/openai/responses/response_webhook.hpp"

#include <chrono>

#include "dialects/openai/responses/response_facts.hpp"
#include "dialects/openai/responses/response_object.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::api::dialects::openai {

std::string response_event(const GenerationRecord& record) {
  return "response." + std::string(response_status(record));
}

std::string response_event_body(const GenerationRecord& record) {
  constexpr std::string_view kGenerationPrefix = "gen_";
  const WallTime at = record.finished_at.value_or(record.created_at);
  std::string body;
  JsonObjectWriter object(body);
  object.text("id", "evt_" + record.id.to_string().substr(kGenerationPrefix.size()));
  object.text("object", "event");
  object.number("created_at", std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  object.text("type", response_event(record));
  JsonObjectWriter data = object.object("data");
  data.text("id", response_id(record.id));
  data.close();
  object.close();
  return body;
}

}  // namespace shunt::api::dialects::openai
