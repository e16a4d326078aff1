#include "shunt/generation/generation_event.hpp"

#include <array>

#include "shunt/generation/generation_record.hpp"

namespace shunt {
namespace {

// In the order of the enumerators and of Payload's alternatives.
constexpr std::array<std::string_view, 5> kStates{"queued", "running", "succeeded", "failed", "cancelled"};
constexpr std::array<std::string_view, 10> kTypes{"queued", "started",  "restarted", "progress", "delta",
                                                  "log",    "artifact", "succeeded", "failed",   "cancelled"};
static_assert(kTypes.size() == std::variant_size_v<GenerationEvent::Payload>);

struct MemberWriter {
  std::string& out;

  void operator()(const event::Queued&) const {}
  void operator()(const event::Started&) const {}
  void operator()(const event::Restarted& restarted) const {
    out.append(",\"attempt\":").append(std::to_string(restarted.attempt));
  }
  void operator()(const event::Progress& progress) const {
    out += ",\"fraction\":";
    append_json(out, progress.fraction);
    if (!progress.message.empty()) text("message", progress.message);
  }
  void operator()(const event::Delta& delta) const { text("text", delta.text); }
  void operator()(const event::Log& log) const {
    text("level", log.level);
    text("message", log.message);
  }
  void operator()(const event::ArtifactReady& ready) const {
    text("name", ready.artifact.name);
    text("media_type", ready.artifact.media_type);
    out.append(",\"size\":").append(std::to_string(ready.artifact.size()));
  }
  void operator()(const event::Succeeded& end) const {
    if (end.result.is_null()) return;
    out += ",\"result\":";
    append_json(out, end.result);
  }
  void operator()(const event::Failed& end) const {
    out += ",\"error\":";
    append_error_json(out, end.error);
  }
  void operator()(const event::Cancelled& end) const { text("reason", end.reason); }

  void text(std::string_view key, std::string_view value) const {
    out.append(",\"").append(key).append("\":");
    append_json_string(out, value);
  }
};

}  // namespace

std::string_view to_string(GenerationState state) noexcept {
  return kStates[static_cast<std::size_t>(state)];
}

std::optional<GenerationState> parse_generation_state(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    if (kStates[i] == text) return static_cast<GenerationState>(i);
  }
  return std::nullopt;
}

std::string_view GenerationEvent::type() const noexcept {
  return kTypes[payload.index()];
}

bool GenerationEvent::terminal() const noexcept {
  return std::holds_alternative<event::Succeeded>(payload) ||
         std::holds_alternative<event::Failed>(payload) || std::holds_alternative<event::Cancelled>(payload);
}

void append_event_json(std::string& out, const GenerationEvent& event) {
  out.append("{\"seq\":").append(std::to_string(event.sequence)).append(",\"type\":\"").append(event.type());
  out += "\",\"at\":\"";
  append_rfc3339(out, event.at);
  out += '"';
  std::visit(MemberWriter{out}, event.payload);
  out += '}';
}

}  // namespace shunt
