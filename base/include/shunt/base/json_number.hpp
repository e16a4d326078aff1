#pragma once

#include <string_view>

namespace shunt::base {

// The double that the text of a JSON number stands for. Boost.JSON 1.81 computes it with an error of a few
// units in the last place, so that what is written would be read as another number, and that as yet another.
// `computed` is what it came to, and stands where the text is beyond a double's range. Any thread.
[[nodiscard]] double exact_number(std::string_view token, double computed) noexcept;

}  // namespace shunt::base
