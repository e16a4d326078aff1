#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// A generation as it stands at one moment: what GET /v1/generations/{id} answers.
struct GenerationRecord {
  GenerationId id;
  std::string model;
  std::string caller;
  GenerationState state = GenerationState::kQueued;
  Admission admission;
  WallTime created_at{};
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  std::optional<WallTime> deadline;
  std::optional<event::Progress> progress;
  std::string text;  // of all deltas so far
  // What they said beside text, put together; nullptr: nothing. Others may share it.
  std::shared_ptr<const MessageParts> parts;
  std::vector<Artifact> artifacts;
  Json result;                 // with kSucceeded
  std::optional<Error> error;  // with kFailed
  std::string cancel_reason;   // with kCancelled
  bool cancel_requested = false;
  JsonObject metadata;
  std::uint64_t last_sequence = 0;
};

// A copy without text, parts and result.
[[nodiscard]] GenerationRecord summary_of(const GenerationRecord& record);

// The native wire format of a record (docs/api.md). `caller` stays inside.
void append_record_json(std::string& out, const GenerationRecord& record);

void append_error_json(std::string& out, const Error& error);

}  // namespace shunt::generation
