#pragma once

#include <string>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// Whether `text` may stand in a header (RFC 9110, 5.5): printable ASCII, and nothing that ends a line.
[[nodiscard]] bool is_header_value(std::string_view text);

// The value of an environment variable or a file, without the space around it. Errors have the code
// `invalid_configuration`, name `option` and never quote what was read.
[[nodiscard]] Result<std::string> secret_from_env(std::string_view option, const std::string& variable);
[[nodiscard]] Result<std::string> secret_from_file(std::string_view option, const std::string& path);

// `invalid_configuration` for an option, as in "base_url must be ...".
[[nodiscard]] Error wrong_option(std::string_view option, std::string message);

}  // namespace shunt::generation::openai
