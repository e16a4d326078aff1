#pragma once

#include <cstddef>
#include <string_view>

#include "shunt/base/json.hpp"

namespace shunt::base {

// What a value holds beside itself, as the allocator gives it: twenty times its text where it is made of
// small arrays. Looks at every value.
[[nodiscard]] std::size_t json_memory(const Json& value) noexcept;
[[nodiscard]] std::size_t json_memory(const JsonObject& object) noexcept;

// The most that parsing a text may hold at once, without parsing it: its own length, and what each value may
// cost that a comma, a colon or an opening bracket begins.
[[nodiscard]] std::size_t json_parse_memory(std::string_view text) noexcept;

// How many objects a text has, without parsing it: opening braces outside of its strings.
[[nodiscard]] std::size_t json_object_count(std::string_view text) noexcept;

// Whether the value's text has surely no more than so many bytes, without writing it. False says nothing.
[[nodiscard]] bool json_text_surely_within(const Json& value, std::size_t bytes) noexcept;

}  // namespace shunt::base
