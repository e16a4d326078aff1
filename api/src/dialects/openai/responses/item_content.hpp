#pragma once

#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::api::dialects::openai {

// "" = it has none that is a text.
[[nodiscard]] std::string_view text_member(const JsonObject& object, std::string_view name);

// Whether a part that as_chat_content has taken names a file by its id.
[[nodiscard]] bool names_file(const Json& part);

// The content of an item (a text, or a list of input_text, output_text, refusal, input_image, input_file) as
// a chat's message has it: one text where it is nothing but text. `at` is where it lies, for errors.
[[nodiscard]] Result<Json> as_chat_content(const Json& content, const std::string& at);

}  // namespace shunt::api::dialects::openai
