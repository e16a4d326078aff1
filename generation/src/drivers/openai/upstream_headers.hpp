#pragma once

#include <string>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

struct ConfiguredHeaders {
  std::vector<std::string> lines{};    // "Name: value"
  std::vector<std::string> secrets{};  // the values that must not be shown
};

// Checks what configured_headers makes, as far as that is known without reading environment and files.
[[nodiscard]] Result<void> check_headers(const OpenAiOptions& options);

// The configured headers, the key's own among them, checked so that none can bring another with it, none is
// there twice, and none is of those that the driver or HTTP decides. Errors have the code
// `invalid_configuration` and name the option and the header, never the value.
[[nodiscard]] Result<ConfiguredHeaders> configured_headers(const OpenAiOptions& options,
                                                           const std::string& api_key);

// Whether the lines have a header of this name.
[[nodiscard]] bool has_header(const std::vector<std::string>& lines, std::string_view name);

// "?api-version=2024-10-21&...", or "" for none.
[[nodiscard]] std::string query_text(const OpenAiOptions& options);

}  // namespace shunt::generation::openai
