#pragma once

#include <string>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::api::dialects::openai {

// For a model that reads no file by its id: takes the parts that name one out of `messages`, and gives each
// to the next member of the input that is a file by the model's rules, as an input names files
// (representation/named_file.hpp). Refuses, by its place, one that there is no member for. `places` as
// Call::file_places has them. Pure.
[[nodiscard]] Result<void> give_parts(Json& messages, const Model& model,
                                      const std::vector<std::string>& places, JsonObject& input);

}  // namespace shunt::api::dialects::openai
