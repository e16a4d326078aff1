#include "shunt/generation/event_codec.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/generation/known_error_code.hpp"
#include "usual_events.hpp"

namespace shunt {
namespace {

constexpr std::string_view kInvalidEvents = "invalid_events";
// More than any level that a generator names.
constexpr std::size_t kLongestLevel = 32;

Error broken(std::string_view member, std::string_view expected) {
  return {std::string(kInvalidEvents),
          "an event's member \"" + std::string(member) + "\" must be " + std::string(expected)};
}

// Reads members of one event; the first thing that is wrong is kept.
class MemberReader {
 public:
  explicit MemberReader(const JsonObject& object) : object_(object) {}

  std::string text(std::string_view key) {
    const Json* value = find(key);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
    complain(key, "a text");
    return {};
  }
  std::string text_or_empty(std::string_view key) { return find(key) == nullptr ? std::string() : text(key); }
  std::uint64_t count(std::string_view key) {
    const Json* value = find(key);
    if (value != nullptr && value->is_int64() && value->get_int64() >= 0) {
      return static_cast<std::uint64_t>(value->get_int64());
    }
    if (value != nullptr && value->is_uint64()) return value->get_uint64();
    complain(key, "a whole number from 0");
    return 0;
  }
  double fraction(std::string_view key) {
    const Json* value = find(key);
    if (value != nullptr && value->is_number()) return value->to_number<double>();
    complain(key, "a number");
    return 0;
  }
  [[nodiscard]] const Json* find(std::string_view key) const { return object_.if_contains(key); }
  void complain(std::string_view key, std::string_view expected) {
    if (!problem_) problem_ = broken(key, expected);
  }
  [[nodiscard]] const std::optional<Error>& problem() const noexcept { return problem_; }

 private:
  const JsonObject& object_;
  std::optional<Error> problem_;
};

Artifact read_artifact(MemberReader& member) {
  Artifact artifact;
  artifact.name = member.text("name");
  if (!is_valid_artifact_name(artifact.name)) {
    member.complain("name", "1 to 128 of [A-Za-z0-9._-], not beginning with a dot");
  }
  artifact.media_type = member.text("media_type");
  if (!is_valid_media_type(artifact.media_type)) member.complain("media_type", "a media type");
  artifact.stored_size = static_cast<std::size_t>(member.count("size"));
  artifact.sha256 = member.text_or_empty("sha256");
  if (!artifact.sha256.empty() && !is_sha256_hex(artifact.sha256)) {
    member.complain("sha256", "64 lower-case hexadecimal digits");
  }
  return artifact;
}

event::Succeeded read_succeeded(MemberReader& member) {
  event::Succeeded succeeded;
  if (const Json* result = member.find("result")) succeeded.result = *result;
  const Json* stored = member.find("stored");
  if (stored == nullptr) return succeeded;
  static const JsonObject kNothing;
  const JsonObject* object = stored->if_object();
  MemberReader inner(object != nullptr ? *object : kNothing);
  event::StoredResult place;
  place.sha256 = inner.text("sha256");
  place.size = static_cast<std::size_t>(inner.count("size"));
  if (inner.problem() || !is_sha256_hex(place.sha256)) {
    member.complain("stored", "an object with sha256 and size");
  }
  succeeded.stored = std::move(place);
  return succeeded;
}

event::Failed read_failed(MemberReader& member) {
  const Json* error = member.find("error");
  if (error != nullptr) {
    if (auto decoded = decode_error(*error)) return {std::move(*decoded)};
  }
  member.complain("error", "an object with code and message");
  return {};
}

event::Log read_log(MemberReader& member) {
  event::Log line{member.text("level"), member.text("message")};
  if (line.level.size() > kLongestLevel) member.complain("level", "a short word");
  return line;
}

GenerationEvent::Payload read_payload(std::string_view type, MemberReader& member) {
  if (type == "delta") return event::Delta{member.text("text")};
  if (type == "queued") return event::Queued{};
  if (type == "started") return event::Started{};
  if (type == "restarted") return event::Restarted{member.count("attempt")};
  if (type == "progress") {
    return event::Progress{std::clamp(member.fraction("fraction"), 0.0, 1.0),
                           member.text_or_empty("message")};
  }
  if (type == "log") return read_log(member);
  if (type == "artifact") return event::ArtifactReady{read_artifact(member)};
  if (type == "succeeded") {
    return read_succeeded(member);
  }
  if (type == "failed") return read_failed(member);
  if (type == "cancelled") return event::Cancelled{member.text("reason")};
  member.complain("type", "one of docs/envelope.md's");
  return event::Queued{};
}

Result<GenerationEvent> read_event(const Json& value) {
  if (!value.is_object()) return Error{std::string(kInvalidEvents), "an event must be a JSON object"};
  MemberReader member(value.get_object());
  GenerationEvent event;
  event.sequence = member.count("seq");
  if (event.sequence == 0) member.complain("seq", "a whole number from 1");
  const auto at = parse_rfc3339(member.text("at"));
  if (!at) member.complain("at", "a time as 2026-11-23T15:43:07.042Z");
  event.at = at.value_or(WallTime{});
  event.payload = read_payload(member.text("type"), member);
  if (member.problem()) return *member.problem();
  return event;
}

}  // namespace

std::string encode_events(std::span<const GenerationEvent> events) {
  std::string out = "[";
  for (const GenerationEvent& event : events) {
    if (out.size() > 1) out += ',';
    append_event_json(out, event);
    const auto* ready = std::get_if<event::ArtifactReady>(&event.payload);
    if (ready != nullptr && !ready->artifact.sha256.empty()) {
      out.pop_back();
      out.append(",\"sha256\":\"").append(ready->artifact.sha256).append("\"}");
    }
    const auto* succeeded = std::get_if<event::Succeeded>(&event.payload);
    if (succeeded != nullptr && succeeded->stored) {
      out.pop_back();
      out.append(",\"stored\":{\"sha256\":\"").append(succeeded->stored->sha256);
      out.append("\",\"size\":").append(std::to_string(succeeded->stored->size)).append("}}");
    }
  }
  out += ']';
  return out;
}

std::optional<Error> decode_error(const Json& value) {
  const JsonObject* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  MemberReader member(*object);
  Error error{member.text("code"), member.text("message")};
  // Clients and metrics take a code for a word of ours; what cannot be one is told by its message alone.
  if (!is_well_formed_error_code(error.code)) error.code = error_code::kGeneratorFailed;
  const Json* retryable = member.find("retryable");
  error.retryable = retryable != nullptr && retryable->is_bool() && retryable->get_bool();
  const Json* details = member.find("details");
  if (details != nullptr && details->is_object()) error.details = details->get_object();
  if (member.problem()) return std::nullopt;
  return error;
}

Result<std::vector<GenerationEvent>> decode_events(std::string_view text) {
  std::vector<GenerationEvent> events;
  std::string remains;
  if (text.starts_with('[')) {
    std::string_view elements = text.substr(1);
    take_usual_events(elements, events);
    if (!events.empty()) {
      if (elements == "]") return events;
      remains = "[" + std::string(elements);
      text = remains;
    }
  }
  // A failed generation's details may nest as deep as an input does.
  auto json = parse_json(text, {.max_depth = 80});
  if (!json) return std::move(json).error();
  if (!json->is_array()) return Error{std::string(kInvalidEvents), "events must be a JSON array"};
  events.reserve(events.size() + json->get_array().size());
  for (const Json& value : json->get_array()) {
    auto event = read_event(value);
    if (!event) return std::move(event).error();
    events.push_back(std::move(*event));
  }
  return events;
}

}  // namespace shunt
