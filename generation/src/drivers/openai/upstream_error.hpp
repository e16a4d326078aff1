#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// How to quote a server's words: how much of them, and what must not be in them. Servers have been seen to
// quote the key that they refuse.
struct Quoting {
  std::size_t max_bytes = 0;
  std::span<const std::string> secrets{};
};

// At most `max_bytes` of valid UTF-8 from the beginning of `text`, redacted.
[[nodiscard]] std::string excerpt(std::string_view text, const Quoting& quoting);

// `text` with every occurrence of a secret replaced; one that is cut off at the end of `text` goes as well.
[[nodiscard]] std::string redacted(std::string text, std::span<const std::string> secrets);

// The error for an answer whose status is not 2xx: 429 -> `upstream_rate_limited`, 408 -> `upstream_timeout`,
// other 4xx and the redirects that are not followed -> `upstream_rejected`, the rest -> `upstream_failed`.
// Details: `status`, `body_excerpt` and, where the body says them (as JSON or as an event), `upstream_type`
// and `upstream_code`.
[[nodiscard]] Error error_for_status(int status, std::string_view body, const Quoting& quoting);

// The error that a document of an answer reports, in whichever of the known ways; nothing if it reports none.
// Its own code decides what it becomes, as a status does above; without one, its type does, and in the end it
// is `upstream_failed`.
[[nodiscard]] std::optional<Error> error_in_answer(const Json& document,
                                                   std::span<const std::string> secrets);

// The error for what came as an `event: error`: a JSON document if there is one, else a text.
[[nodiscard]] Error error_of_event(const Json* document, std::string_view text,
                                   std::span<const std::string> secrets);

// The error for a choice that ended with finish_reason "error", with what the choice says of it.
[[nodiscard]] Error error_of_choice(const JsonObject& choice, std::span<const std::string> secrets);

// Whether a body says that the server is there and its model will be soon: 503 with "Loading model" and its
// like.
[[nodiscard]] bool says_model_is_loading(int status, std::string_view body);

}  // namespace shunt::generation::openai
