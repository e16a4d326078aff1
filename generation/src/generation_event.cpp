#include "shunt/generation/generation_event.hpp"

#include <array>

#include "event_members.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {
namespace {

// In the order of the enumerators and of Payload's alternatives.
constexpr std::array<std::string_view, 5> kStates{"queued", "running", "succeeded", "failed", "cancelled"};
constexpr std::array<std::string_view, 10> kTypes{"queued", "started",  "restarted", "progress", "delta",
                                                  "log",    "artifact", "succeeded", "failed",   "cancelled"};
static_assert(kTypes.size() == std::variant_size_v<GenerationEvent::Payload>);

struct PayloadWriter {
  JsonObjectWriter& object;

  void operator()(const event::Queued&) const {}
  void operator()(const event::Started&) const {}
  void operator()(const event::Restarted& restarted) const { object.number("attempt", restarted.attempt); }
  void operator()(const event::Progress& progress) const {
    object.json("fraction", progress.fraction);
    if (!progress.message.empty()) object.text("message", progress.message);
  }
  // The text is there even if it is empty: readers of earlier versions want it.
  void operator()(const event::Delta& delta) const {
    object.text("text", delta.text);
    if (delta.parts) write_parts(object, *delta.parts);
  }
  void operator()(const event::Log& log) const {
    object.text("level", log.level);
    object.text("message", log.message);
  }
  void operator()(const event::ArtifactReady& ready) const {
    object.text("name", ready.artifact.name);
    object.text("media_type", ready.artifact.media_type);
    object.number("size", ready.artifact.size());
  }
  void operator()(const event::Succeeded& end) const {
    if (!end.result.is_null()) object.json("result", end.result);
  }
  void operator()(const event::Failed& end) const { append_error_json(object.begin("error"), end.error); }
  void operator()(const event::Cancelled& end) const { object.text("reason", end.reason); }
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

JsonObjectWriter begin_event_json(std::string& out, const GenerationEvent& event) {
  JsonObjectWriter object(out);
  object.number("seq", event.sequence);
  object.text("type", event.type());
  object.time("at", event.at);
  std::visit(PayloadWriter{object}, event.payload);
  return object;
}

void append_event_json(std::string& out, const GenerationEvent& event) {
  begin_event_json(out, event).close();
}

}  // namespace shunt::generation
