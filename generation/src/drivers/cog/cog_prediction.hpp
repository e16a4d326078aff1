#pragma once

#include <string>
#include <string_view>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::cog {

enum class PredictionStatus { kRunning, kSucceeded, kFailed, kCanceled };

// A prediction as the container tells it, at its end or before.
struct Prediction {
  PredictionStatus status = PredictionStatus::kRunning;
  Json output{};
  std::string error{};
  std::string logs{};
  JsonObject metrics{};
};

// Fails with `upstream_broken` for what is no prediction.
[[nodiscard]] Result<Prediction> read_prediction(std::string_view text);

// One event of a stream, as far as it means anything here.
struct StreamEvent {
  enum class Kind { kNothing, kOutput, kLog, kCompleted, kError };
  Kind kind = Kind::kNothing;
  Json chunk{};             // kOutput
  std::string text{};       // kLog: what was printed; kError: why
  Prediction prediction{};  // kCompleted
};
// Fails with `upstream_broken` for an event of a known type that is not what it should be.
[[nodiscard]] Result<StreamEvent> read_event(std::string_view type, std::string_view data);

}  // namespace shunt::generation::cog
