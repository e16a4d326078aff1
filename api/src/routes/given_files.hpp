#pragma once

#include <optional>
#include <string>
#include <vector>

#include "routes/exchange.hpp"
#include "routes/form_receiver.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::api {

// The form of a request to run: its part `request` as JSON becomes the request's body, the other parts are
// files. nullopt: the response has been made a problem. Precondition: exchange.body is there.
[[nodiscard]] http::Task<std::optional<ReceivedForm>> receive_generation_form(Exchange& exchange);

// Puts into request.files what the form has, and what the input names for a member that the model's rules
// call a file, which leaves the input: {"file": "file-..."} (one of the caller's own), or a URL where the
// rule allows it, which is fetched now and never again; and those that messages name by id, which stay there
// (shunt/generation/message_files.hpp). All are held for as long as the generation may need them, its
// retention included. `form` may be nullptr; `places` as GivenMessageFiles has them.
[[nodiscard]] http::Task<Result<void>> take_given_files(Exchange& exchange, const Model& model,
                                                        GenerationRequest& request, ReceivedForm* form,
                                                        std::vector<std::string> places = {});

// Whether take_given_files has anything to do for a request of this model that came as JSON.
[[nodiscard]] inline bool may_name_files(const Model& model) noexcept {
  return !model.input_rules.files().empty() || takes_message_files(model);
}

// Holds the files of a request once more, for the generation that it becomes.
[[nodiscard]] http::Task<Result<void>> hold_files_again(Exchange& exchange, const GenerationRequest& request);

}  // namespace shunt::api
