#pragma once

#include <string>
#include <string_view>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "shunt/generation/file_reference.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// What each operation is on the wire. docs/generators/openai.md has the table.

// "/chat/completions", to be added to a server's base_url.
[[nodiscard]] std::string_view path_of(OpenAiOperation operation) noexcept;

// The request's Accept header.
[[nodiscard]] std::string_view accepted_by(OpenAiOperation operation) noexcept;

// What an input must have, and what Shunt decides and refuses by name. Everything else is the server's
// business. Errors carry `invalid_input` and the member.
[[nodiscard]] Result<void> check_operation_input(OpenAiOperation operation, const Json& input);

struct RequestBody {
  std::string content_type;
  std::string bytes;
};

// The request's body. Precondition: check_operation_input(...) holds. `files` are those of the generation,
// which a form has as parts (drivers/openai/operation_form.hpp).
[[nodiscard]] RequestBody operation_request(const Json& input, const InputFiles& files,
                                            const OpenAiOptions& upstream);
[[nodiscard]] std::string operation_request_body(const Json& input, const OpenAiOptions& upstream);

}  // namespace shunt::generation::openai
