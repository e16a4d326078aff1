#include "payload.hpp"

#include <algorithm>
#include <utility>

#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::webhooks {
namespace {

constexpr std::string_view kGenerationPrefix = "gen_";
constexpr std::size_t kExcerptBytes = 512;

enum class Output { kWhole, kLeftOut };

// The record as GET /v1/generations/{id} has it, and where that is.
std::string body_of(std::string_view type, const GenerationRecord& record, Output output,
                    const std::string& public_url) {
  std::string data;
  append_record_json(data, record);
  data.pop_back();
  if (output == Output::kLeftOut) data += R"(,"output_omitted":true)";
  data += R"(,"links":)";
  JsonObjectWriter links(data);
  links.text("self", public_url + "/v1/generations/" + record.id.to_string());
  links.close();
  data += '}';
  std::string body;
  JsonObjectWriter object(body);
  object.text("type", type);
  object.time("timestamp", record.finished_at.value_or(record.created_at));
  object.begin("data") += data;
  object.close();
  return body;
}

// What is left of a record whose metadata, artifacts or error are too long as well.
GenerationRecord bare(GenerationRecord record) {
  record.metadata.clear();
  record.artifacts.clear();
  record.progress.reset();
  if (record.error) {
    record.error->details.clear();
    record.error->message = excerpt(record.error->message, kExcerptBytes);
  }
  record.cancel_reason = excerpt(record.cancel_reason, kExcerptBytes);
  return record;
}

// What does not fit is left out, the longest first.
std::string formed_body(const BodyForm& form, const Told& told, std::size_t max_bytes) {
  std::string body = form.body(told);
  if (body.size() <= max_bytes) return body;
  const GenerationRecord summary = summary_of(told.record);
  body = form.body({.record = summary, .request = told.request, .logs = told.logs});
  if (body.size() <= max_bytes) return body;
  const GenerationRecord rest = bare(summary);
  return form.body({.record = rest});
}

}  // namespace

std::string message_id_of(const GenerationId& generation) {
  return "msg_" + generation.to_string().substr(kGenerationPrefix.size());
}

std::optional<Message> message_of(const Hook& hook, const GenerationRecord& record, const PayloadRules& rules,
                                  const GenerationRequest* request, std::string_view logs) {
  const auto event = event_of(record.state);
  if (!event || !hook.webhook.events.wants(*event)) return std::nullopt;
  const bool named = rules.form != nullptr && rules.form->end_name;
  std::string type = named ? rules.form->end_name(record) : std::string(type_of(*event));
  const auto& wanted = hook.webhook.end_names;
  if (named && !wanted.empty() && std::ranges::find(wanted, type) == wanted.end()) return std::nullopt;
  Message message{.id = message_id_of(hook.generation),
                  .type = std::move(type),
                  .generation = hook.generation.to_string(),
                  .caller = hook.caller,
                  .url = hook.webhook.url,
                  .body = {}};
  if (rules.form != nullptr) {
    message.body =
        formed_body(*rules.form, {.record = record, .request = request, .logs = logs}, rules.max_bytes);
    return message;
  }
  // A text that is too long alone is not written out to see that.
  if (record.text.size() <= rules.max_bytes)
    message.body = body_of(message.type, record, Output::kWhole, rules.public_url);
  if (!message.body.empty() && message.body.size() <= rules.max_bytes) return message;
  GenerationRecord summary = summary_of(record);
  message.body = body_of(message.type, summary, Output::kLeftOut, rules.public_url);
  if (message.body.size() <= rules.max_bytes) return message;
  message.body = body_of(message.type, bare(std::move(summary)), Output::kLeftOut, rules.public_url);
  return message;
}

Message news_of(const Hook& hook, const Told& told, const PayloadRules& rules, std::string_view type,
                std::uint64_t number) {
  return {.id = message_id_of(hook.generation) + '_' + std::to_string(number),
          .type = std::string(type),
          .generation = hook.generation.to_string(),
          .caller = hook.caller,
          .url = hook.webhook.url,
          .body = formed_body(*rules.form, told, rules.max_bytes)};
}

Message test_message(std::string id, std::string caller, std::string url, WallTime now) {
  Message message{.id = std::move(id),
                  .type = "webhook.test",
                  .generation = {},
                  .caller = std::move(caller),
                  .url = std::move(url),
                  .body = {}};
  JsonObjectWriter object(message.body);
  object.text("type", message.type);
  object.time("timestamp", now);
  object.begin("data") += "{}";
  object.close();
  return message;
}

}  // namespace shunt::webhooks
