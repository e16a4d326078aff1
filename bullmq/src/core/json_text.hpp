#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace bullmq::detail {

// Where a text stops being JSON (RFC 8259, in UTF-8); nothing for one that is JSON as a whole. Takes no
// stack, however deep the text is.
[[nodiscard]] std::optional<std::size_t> find_json_error(std::string_view text);

// How many bytes the character of UTF-8 has that begins here; 0 for what is none (it is overlong, a
// surrogate, too large, or cut).
[[nodiscard]] std::size_t utf8_character_at(std::string_view text, std::size_t at) noexcept;
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// Throws ValidationError, which names `what`. Other clients parse what this one writes: data that is no JSON
// stops a worker of Node, an event with a return value that is none stops its QueueEvents.
void require_json(std::string_view what, std::string_view text);
void require_utf8(std::string_view what, std::string_view text);

}  // namespace bullmq::detail
