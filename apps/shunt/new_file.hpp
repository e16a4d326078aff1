#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "namespace.hpp"
#include "shunt/base/result.hpp"

namespace shunt::app {

enum class Replace : bool { kNo, kYes };

// Writes a file of mode 0640 under another name in its folder, lets `check` look at that, brings it to the
// disk and gives it its name: whoever looks sees nothing, the whole file, or what was there before. Fails
// with `write_failed`, also where a file of this name is there that must not be replaced, and as `check`
// does; then nothing has changed.
[[nodiscard]] Result<void> write_new_file(
    const std::string& path, std::string_view text, Replace replace,
    const std::function<Result<void>(const std::string& written)>& check = {});

}  // namespace shunt::app
