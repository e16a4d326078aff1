#pragma once

#include <string_view>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// A form has texts alone, where JSON has numbers and truths.
namespace shunt::api::dialects::openai {

// Makes numbers and truths of the texts that the model's rules want as such. A text that is
// none stays, and the rule refuses it.
void type_values(JsonObject& input, const Model& model);

// Takes a member out that is "true" or "false".
[[nodiscard]] Result<bool> take_form_switch(JsonObject& body, std::string_view name);

// Whether the form has the file `needed`, and no other.
[[nodiscard]] Result<void> check_form_files(const CallContext& context, std::string_view needed);

}  // namespace shunt::api::dialects::openai
