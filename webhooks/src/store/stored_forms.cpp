#include "store/stored_forms.hpp"

#include <utility>

#include "shunt/base/json_object_reader.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::webhooks {
namespace {

using Presence = JsonObjectReader::Presence;

constexpr std::int64_t kMostStatus = 999;

Error broken(const std::string& what) {
  return {error_code::kBrokenRecord, "what Redis has of a webhook is not as ours are: " + what};
}

Error broken_member(const JsonObjectReader::Wrong& wrong) {
  return broken(wrong.member_pointer() + " is not " + std::string(wrong.expected));
}

Result<JsonObject> object_in(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) return broken(parsed.error().message);
  if (!parsed->is_object()) return broken("an object is expected");
  return std::move(parsed->get_object());
}

void append_names(std::string& out, const std::vector<std::string>& names) {
  out += '[';
  for (const std::string& name : names) {
    if (out.back() != '[') out += ',';
    append_json_string(out, name);
  }
  out += ']';
}

// No event that is known is left: a later version's, of which this one cannot tell.
Result<EventFilter> events_in(const Json& value) {
  if (!value.is_array()) return broken("/events is not an array");
  std::vector<std::string> names;
  for (const Json& each : value.get_array()) {
    if (each.is_string() && event_named(each.get_string())) names.emplace_back(each.get_string());
  }
  const auto filter = names.empty() ? std::nullopt : EventFilter::of(names);
  if (!filter) return broken("/events has none that is known");
  return *filter;
}

// Names of a form that only a later version has are kept as they are: nothing is called so here.
Result<std::vector<std::string>> end_names_in(const Json& value) {
  std::vector<std::string> names;
  if (!value.is_array()) return broken("/end_names is not an array");
  for (const Json& each : value.get_array()) {
    if (!each.is_string()) return broken("/end_names has what is no text");
    names.emplace_back(each.get_string());
  }
  return names;
}

WallTime time_of(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}

}  // namespace

std::string encode_hook(const Hook& hook) {
  std::string text;
  JsonObjectWriter object(text);
  object.text("url", hook.webhook.url);
  append_names(object.begin("events"), hook.webhook.events.names());
  object.text("caller", hook.caller);
  if (!hook.webhook.form.empty()) object.text("form", hook.webhook.form);
  if (!hook.webhook.end_names.empty()) append_names(object.begin("end_names"), hook.webhook.end_names);
  object.close();
  return text;
}

Result<Hook> decode_hook(const GenerationId& generation, std::string_view text) {
  auto object = object_in(text);
  if (!object) return std::move(object).error();
  JsonObjectReader members(*object, "", broken_member);
  Hook hook{.generation = generation, .caller = members.text("caller"), .webhook = {}};
  hook.webhook.url = members.text("url");
  const Json events = members.any("events");
  const Json* const end_names = members.find("end_names");
  hook.webhook.form = members.text("form", Presence::kOptional);
  if (members.problem()) return *members.problem();
  if (hook.webhook.url.empty() || hook.webhook.url.size() > kMaxUrlBytes)
    return broken("/url is no URL of ours");
  if (end_names != nullptr) {
    auto names = end_names_in(*end_names);
    if (!names) return std::move(names).error();
    hook.webhook.end_names = std::move(*names);
  }
  auto filter = events_in(events);
  if (!filter) return std::move(filter).error();
  hook.webhook.events = *filter;
  return hook;
}

std::string encode_message(const Message& message) {
  std::string text;
  JsonObjectWriter object(text);
  object.text("generation", message.generation);
  object.text("caller", message.caller);
  object.text("url", message.url);
  object.text("body", message.body);
  object.close();
  return text;
}

Result<Message> decode_message(std::string id, std::string type, std::string_view text) {
  auto object = object_in(text);
  if (!object) return std::move(object).error();
  JsonObjectReader members(*object, "", broken_member);
  Message message{.id = std::move(id),
                  .type = std::move(type),
                  .generation = members.text("generation"),
                  .caller = members.text("caller"),
                  .url = members.text("url"),
                  .body = members.text("body")};
  if (members.problem()) return *members.problem();
  // They become lines of a header.
  const bool plain_id =
      message.id.starts_with("msg_") &&
      message.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (!plain_id) return broken("the id is none of ours");
  if (message.url.empty() || message.url.size() > kMaxUrlBytes) return broken("/url is no URL of ours");
  return message;
}

std::string encode_attempt(const Attempt& attempt) {
  std::string text;
  JsonObjectWriter object(text);
  object.number("at", attempt.at.time_since_epoch().count());
  object.number("took_ms", attempt.took.count());
  if (attempt.status != 0) object.number("status", attempt.status);
  if (!attempt.error.empty()) object.text("error", attempt.error);
  if (attempt.retry_after) object.number("retry_after_ms", attempt.retry_after->count());
  object.close();
  return text;
}

Result<Attempt> decode_attempt(std::string_view text) {
  auto object = object_in(text);
  if (!object) return std::move(object).error();
  JsonObjectReader members(*object, "", broken_member);
  Attempt attempt;
  attempt.at = time_of(members.integer("at").value_or(0));
  attempt.took = std::chrono::milliseconds(members.integer("took_ms").value_or(0));
  attempt.status = static_cast<int>(members.integer("status", Presence::kOptional, kMostStatus).value_or(0));
  attempt.error = members.text("error", Presence::kOptional);
  if (const auto pause = members.integer("retry_after_ms", Presence::kOptional))
    attempt.retry_after = std::chrono::milliseconds(*pause);
  if (members.problem()) return *members.problem();
  return attempt;
}

}  // namespace shunt::webhooks
