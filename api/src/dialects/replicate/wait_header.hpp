#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"

namespace shunt::api::dialects::replicate {

inline constexpr std::chrono::seconds kDefaultWait{60};  // of "Prefer: wait", as Replicate has it

// How long "Prefer: wait" or "wait=5" wants the answer to wait; 0: not at all. What else stands there, or is
// no number, is not for us (RFC 7240, 2).
[[nodiscard]] std::chrono::milliseconds wait_of(std::string_view prefer);

// "90", "90s", "1m", "1h30m45s": what Cancel-After says. Fails with `invalid_header` on anything else, and on
// less than Replicate's 5 s and more than a day.
[[nodiscard]] Result<std::chrono::milliseconds> parse_cancel_after(std::string_view text);

}  // namespace shunt::api::dialects::replicate
