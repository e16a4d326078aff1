#pragma once

#include <string>
#include <string_view>

namespace shunt::base {

// `text` as it may stand in any place of a URL: whatever is not one of RFC 3986's unreserved characters
// (letters, digits, "-._~") becomes %XX.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace shunt::base
