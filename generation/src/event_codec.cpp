#include "shunt/generation/event_codec.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "canonical_events.hpp"
#include "event_members.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/json_object_reader.hpp"
#include "shunt/base/json_take_apart.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {
namespace {

constexpr ErrorCode kInvalidEvents = "invalid_events";
// More than any level that a generator names.
constexpr std::size_t kLongestLevel = 32;

using Presence = JsonObjectReader::Presence;

Error wrong_member(const JsonObjectReader::Wrong& wrong) {
  return {kInvalidEvents,
          "an event's member \"" + std::string(wrong.name) + "\" must be " + std::string(wrong.expected)};
}

Error wrong_delta(const JsonObjectReader::Wrong& wrong) {
  return {error_code::kInvalidOutput,
          "a delta's member \"" + std::string(wrong.name) + "\" must be " + std::string(wrong.expected)};
}

std::size_t read_size(JsonObjectReader& members) {
  return static_cast<std::size_t>(members.integer("size").value_or(0));
}

Artifact read_artifact(JsonObjectReader& members) {
  Artifact artifact;
  artifact.name = members.text("name");
  if (!is_valid_artifact_name(artifact.name)) {
    members.refuse("name", "1 to 128 of [A-Za-z0-9._-], not beginning with a dot");
  }
  artifact.media_type = members.text("media_type");
  if (!is_valid_media_type(artifact.media_type)) members.refuse("media_type", "a media type");
  artifact.stored_size = read_size(members);
  artifact.sha256 = members.text("sha256", Presence::kOptional);
  if (!artifact.sha256.empty() && !is_sha256_hex(artifact.sha256)) {
    members.refuse("sha256", "64 lower-case hexadecimal digits");
  }
  return artifact;
}

event::Succeeded read_succeeded(JsonObjectReader& members) {
  event::Succeeded succeeded;
  if (members.find("result") != nullptr) succeeded.result = members.any("result");
  const Json* const stored = members.find("stored");
  if (stored == nullptr) return succeeded;
  static const JsonObject kNothing;
  const JsonObject* const object = stored->if_object();
  JsonObjectReader inner(object != nullptr ? *object : kNothing, "", wrong_member);
  event::StoredResult place;
  place.sha256 = inner.text("sha256");
  place.size = read_size(inner);
  if (inner.problem() || !is_sha256_hex(place.sha256)) {
    members.refuse("stored", "an object with sha256 and size");
  }
  succeeded.stored = std::move(place);
  return succeeded;
}

event::Failed read_failed(JsonObjectReader& members) {
  if (const Json* const error = members.find("error")) {
    if (auto decoded = decode_error(*error)) return {std::move(*decoded)};
  }
  members.refuse("error", "an object with code and message");
  return {};
}

event::Log read_log(JsonObjectReader& members) {
  event::Log line{members.text("level"), members.text("message")};
  if (line.level.size() > kLongestLevel) members.refuse("level", "a short word");
  return line;
}

event::Progress read_progress(JsonObjectReader& members) {
  const double fraction = members.number("fraction").value_or(0);
  return {std::clamp(fraction, 0.0, 1.0), members.text("message", Presence::kOptional)};
}

// What a later version says in a delta is kept, and comes to clients as it came.
event::Delta read_delta(JsonObjectReader& members) {
  event::Delta delta{members.text("text")};
  MessageParts parts = read_parts(members);
  parts.others = members.rest();
  if (!parts.empty()) delta.parts = std::make_shared<const MessageParts>(std::move(parts));
  return delta;
}

GenerationEvent::Payload read_payload(std::string_view type, JsonObjectReader& members) {
  if (type == "delta") return read_delta(members);
  if (type == "queued") return event::Queued{};
  if (type == "started") return event::Started{};
  if (type == "restarted") {
    return event::Restarted{static_cast<std::uint64_t>(members.integer("attempt").value_or(0))};
  }
  if (type == "progress") return read_progress(members);
  if (type == "log") return read_log(members);
  if (type == "artifact") return event::ArtifactReady{read_artifact(members)};
  if (type == "succeeded") return read_succeeded(members);
  if (type == "failed") return read_failed(members);
  if (type == "cancelled") return event::Cancelled{members.text("reason")};
  members.refuse("type", "one of docs/envelope.md's");
  return event::Queued{};
}

Result<GenerationEvent> read_event(Json& value) {
  if (!value.is_object()) return Error{kInvalidEvents, "an event must be a JSON object"};
  JsonObjectReader members(std::move(value.get_object()), "", wrong_member);
  GenerationEvent event;
  event.sequence = static_cast<std::uint64_t>(members.integer("seq").value_or(0));
  if (event.sequence == 0) members.refuse("seq", "an integer from 1 on");
  const auto at = parse_rfc3339(members.text("at"));
  if (!at) members.refuse("at", "a time as 2026-11-23T15:43:07.042Z");
  event.at = at.value_or(WallTime{});
  event.payload = read_payload(members.text("type"), members);
  if (members.problem()) return *members.problem();
  return event;
}

}  // namespace

std::string encode_events(std::span<const GenerationEvent> events) {
  constexpr std::size_t kUsualEventBytes = 112;
  std::size_t text = 0;
  for (const GenerationEvent& event : events) {
    if (const auto* delta = std::get_if<event::Delta>(&event.payload)) text += delta->text.size();
  }
  std::string out;
  out.reserve(text + kUsualEventBytes * (events.size() + 1));
  out += '[';
  for (const GenerationEvent& event : events) {
    if (out.size() > 1) out += ',';
    JsonObjectWriter object = begin_event_json(out, event);
    const auto* ready = std::get_if<event::ArtifactReady>(&event.payload);
    if (ready != nullptr && !ready->artifact.sha256.empty()) object.text("sha256", ready->artifact.sha256);
    const auto* succeeded = std::get_if<event::Succeeded>(&event.payload);
    if (succeeded != nullptr && succeeded->stored) {
      JsonObjectWriter stored = object.object("stored");
      stored.text("sha256", succeeded->stored->sha256);
      stored.number("size", succeeded->stored->size);
      stored.close();
    }
    object.close();
  }
  out += ']';
  return out;
}

Result<event::Delta> decode_delta(const Json& value) {
  const JsonObject* const object = value.if_object();
  if (object == nullptr) return Error{error_code::kInvalidOutput, "a delta must be a JSON object"};
  // rest() moves out of the object.
  Json copy = *object;
  JsonObjectReader members(std::move(copy.get_object()), "", wrong_delta);
  event::Delta delta{members.text("text", Presence::kOptional)};
  MessageParts parts = read_parts(members);
  const JsonObject unknown = members.rest();
  if (!unknown.empty()) {
    return Error{error_code::kInvalidOutput,
                 "a delta has no member \"" + std::string(unknown.begin()->key()) + '"'};
  }
  if (members.problem()) return *members.problem();
  if (!parts.empty()) delta.parts = std::make_shared<const MessageParts>(std::move(parts));
  return delta;
}

std::optional<Error> decode_error(const Json& value) {
  const JsonObject* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  JsonObjectReader members(*object, "", wrong_member);
  // Clients and metrics take a code for a word of ours; what cannot be one is told by its message alone.
  const ErrorCode code = ErrorCode::parse(members.text("code")).value_or(error_code::kGeneratorFailed);
  Error error{code, members.text("message"), retryable_if(is_true_in(*object, "retryable"))};
  error.details = object_in(*object, "details");  // A copy made at once would lie in the document's memory.
  if (members.problem()) return std::nullopt;
  return error;
}

Result<std::vector<GenerationEvent>> decode_events(std::string_view text) {
  std::vector<GenerationEvent> events;
  std::string remains;
  if (text.starts_with('[')) {
    std::string_view elements = text.substr(1);
    constexpr std::size_t kShortestEvent = 60;  // of those that are taken, with an empty text
    constexpr std::size_t kReservedAtOnce = 64;
    events.reserve(std::min(elements.size() / kShortestEvent + 1, kReservedAtOnce));
    take_canonical_events(elements, events);
    if (!events.empty()) {
      if (elements == "]") return events;
      remains = "[" + std::string(elements);
      text = remains;
    }
  }
  // A failed generation's details may nest as deep as an input does.
  auto json = parse_json_to_take_apart(text, {.max_depth = 80});
  if (!json) return std::move(json).error();
  if (!json->is_array()) return Error{kInvalidEvents, "events must be a JSON array"};
  events.reserve(events.size() + json->get_array().size());
  for (Json& value : json->get_array()) {
    auto event = read_event(value);
    if (!event) return std::move(event).error();
    events.push_back(std::move(*event));
  }
  return events;
}

}  // namespace shunt::generation
