#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/result.hpp"
#include "shunt/flip/namespace.hpp"

// Small files that only this user may read. Every function blocks.
namespace shunt::flip {

// Writes a file beside it, brings that to the disk and renames it: whoever reads sees the old text or the new
// one, whenever the machine stops. Fails with `file_unwritable`.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view text);

// nullopt: there is none. Fails with `file_unreadable`, also for one that is longer than `most`.
[[nodiscard]] Result<std::optional<std::string>> read_file(const std::string& path, std::size_t most);

}  // namespace shunt::flip
