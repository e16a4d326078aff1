#pragma once

#include <chrono>
#include <string_view>

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/executor/generation_executor.hpp"

// What every route that submits a generation answers with, whichever it is.
namespace shunt::api {

// Long enough not to hammer, short enough to be of use; a client that wants to know at once asks with Prefer:
// wait.
inline constexpr std::chrono::seconds kLookAgainAfter{1};

// Whether the request's key may use a model of this name, whether there is one or not: `model_forbidden`.
[[nodiscard]] Result<void> check_model_permission(const Exchange& exchange, std::string_view name);

// The model of this name, if there is one and the request's key may use it: `model_forbidden`, and else
// `unknown_model` with those that it may use.
[[nodiscard]] Result<std::shared_ptr<const Model>> usable_model(const Exchange& exchange,
                                                                std::string_view name);

// The acceptance, with the headers of the response that tell where the generation is; or nullptr, and the
// response has been made the problem.
[[nodiscard]] executor::Accepted* answer_submitted(Exchange& exchange, executor::SubmitOutcome& outcome);

}  // namespace shunt::api
