#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

struct MessageParts;

enum class GenerationState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
[[nodiscard]] std::string_view to_string(GenerationState state) noexcept;
[[nodiscard]] std::optional<GenerationState> parse_generation_state(std::string_view text) noexcept;
[[nodiscard]] constexpr bool is_terminal(GenerationState state) noexcept {
  return state == GenerationState::kSucceeded || state == GenerationState::kFailed ||
         state == GenerationState::kCancelled;
}

// The payloads of the event stream, one type each. In every generation `queued` comes first, `started` at
// most once, and exactly one of succeeded, failed, cancelled last.
namespace event {
struct Queued {};
struct Started {};
// Only behind a queue: the worker was lost and another one begins anew. What came since `started` is void:
// text, progress and artifacts are those that follow.
struct Restarted {
  std::uint64_t attempt = 2;
};
struct Progress {
  double fraction = 0;  // 0 to 1
  std::string message;
};
struct Delta {
  std::string text;  // the next piece of the text output; valid UTF-8
  // The next piece of what is said beside it; nullptr: nothing. Never changed once it is here.
  std::shared_ptr<const MessageParts> parts{};
};
struct Log {
  std::string level;  // "info", "warn", "error"
  std::string message;
};
struct ArtifactReady {
  Artifact artifact;
};
// Where a result lies that was too large to travel in an event.
struct StoredResult {
  std::string sha256;  // of its JSON text, in the artifact store
  std::size_t size = 0;
};
struct Succeeded {
  Json result;  // null when text or artifacts say it all
  // Only between processes: `result` is null and has to be loaded first.
  std::optional<StoredResult> stored{};
};
struct Failed {
  Error error;
};
struct Cancelled {
  std::string reason;
};
}  // namespace event

struct GenerationEvent {
  using Payload =
      std::variant<event::Queued, event::Started, event::Restarted, event::Progress, event::Delta, event::Log,
                   event::ArtifactReady, event::Succeeded, event::Failed, event::Cancelled>;
  std::uint64_t sequence = 0;  // 1 for the first, then one more each
  WallTime at{};
  Payload payload;

  // "queued", "started", "restarted", "progress", "delta", "log", "artifact", "succeeded", "failed",
  // "cancelled".
  [[nodiscard]] std::string_view type() const noexcept;
  [[nodiscard]] bool terminal() const noexcept;
};

// {"seq":3,"type":"delta","at":"...","text":"..."} and what else a delta says: the form of the SSE stream and
// of `shunt generate
// --json`. An artifact is described (name, media_type, size), not contained.
void append_event_json(std::string& out, const GenerationEvent& event);

}  // namespace shunt::generation
