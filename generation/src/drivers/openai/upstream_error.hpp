#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/base/json.hpp"

namespace shunt::openai {

// How to quote a server's words: how much of them, and what must not be in them. Servers have been seen to
// quote the key that they refuse.
struct Quoting {
  std::size_t max_bytes = 0;
  std::string_view secret{};
};

// At most `max_bytes` of valid UTF-8 from the beginning of `text`, redacted.
[[nodiscard]] std::string excerpt(std::string_view text, const Quoting& quoting);

// `text` with every occurrence of `secret` replaced; one that is cut off at the end of `text` goes as well.
[[nodiscard]] std::string redacted(std::string text, std::string_view secret);

// The error for an answer whose status is not 2xx: 429 -> `upstream_rate_limited`, 408 -> `upstream_timeout`,
// other 4xx and the redirects that are not followed -> `upstream_rejected`, the rest -> `upstream_failed`.
// Details: `status`, `body_excerpt` and, where the body is the protocol's error object, `upstream_type` and
// `upstream_code`.
[[nodiscard]] Error error_for_status(int status, std::string_view body, const Quoting& quoting);

// The error for {"error": ...} inside an answer that had begun as a good one.
[[nodiscard]] Error error_in_answer(const Json& document, std::string_view secret);

}  // namespace shunt::openai
