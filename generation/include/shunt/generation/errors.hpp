#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/namespace.hpp"

// Errors that several places find, made here so that each has the same words, details and answer to "may I
// try again" wherever it is found. Thread-safe.
namespace shunt::generation {

// `known` lists the models that the caller may use.
[[nodiscard]] Error unknown_model(std::string_view name, JsonArray known);

// `started`: it ran; otherwise it still waited for a slot of its model.
[[nodiscard]] Error deadline_exceeded(std::chrono::milliseconds timeout, bool started);

// The error of a generation that may have begun, and been billed, and is run once (OnLost::kFail): nobody
// asks for the same again by himself, so it is not retryable, and `on_lost` in its details says why.
[[nodiscard]] Error not_run_again(Error error);

[[nodiscard]] Error shutting_down();

// The queue's server does not answer, or not as it should; `why` is the whole message.
[[nodiscard]] Error queue_unavailable(std::string why);

// An artifact store has let the bytes go; or was asked for a name that no artifact can have.
[[nodiscard]] Error artifact_expired();
[[nodiscard]] Error artifact_name_impossible();

}  // namespace shunt::generation
