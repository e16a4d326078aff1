#pragma once

#include <string>
#include <string_view>

#include "shunt/generation/generation_id.hpp"

namespace shunt::api {

// A strong validator: an artifact never changes, so its generation and name say it all.
[[nodiscard]] std::string artifact_tag(const GenerationId& id, std::string_view name);

// If-None-Match: "*" or a list, compared weakly (RFC 9110, 13.1.2).
[[nodiscard]] bool matches_any_tag(std::string_view header, std::string_view tag) noexcept;

// If-Range: one strong tag. A date never matches, since artifacts carry none: the whole is sent then.
[[nodiscard]] bool if_range_allows(std::string_view header, std::string_view tag) noexcept;

}  // namespace shunt::api
