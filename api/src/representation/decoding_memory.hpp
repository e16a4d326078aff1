#pragma once

#include <cstddef>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/base/error.hpp"
#include "shunt/generation/envelope.hpp"

namespace shunt::api {

// Decoded it is little, whatever it is, and every thread decodes one at a time.
inline constexpr std::size_t kSmallBody = 2048;

// What becomes of a body's values: they are the generation's input as they are, or another API's form of it
// is made of them, in which an object may have members that nobody sent.
enum class Decoding { kAsItIs, kTranslated };

// The most that decoding a body may hold, beside the body itself, until the executor has what it asks for.
[[nodiscard]] std::size_t decoding_memory(std::string_view body, Decoding how);

// What a request holds that was stored.
[[nodiscard]] std::size_t held_request_memory(const GenerationRequest& request) noexcept;
// The most that one, which a new one is made of, may take beside that for all that is made of it.
[[nodiscard]] std::size_t stored_request_memory(const GenerationRequest& request);

// `what` would take more than there is for all requests.
[[nodiscard]] Error too_large_to_decode(std::string_view what, std::size_t bytes, std::size_t capacity);

}  // namespace shunt::api
