#pragma once

#include <cstddef>
#include <string>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

enum class Removed { kAll, kMore, kFailed };

// Removes the folder `name` of the folder open as `parent` with what is in it, some `max_entries` entries at
// most: kMore says that some are left, and that another call goes on. Follows no symbolic link, whatever a
// program that still runs may exchange meanwhile, and takes back permissions that a program gave up. Uses two
// descriptors and no stack however deep the tree is.
[[nodiscard]] Removed remove_some(int parent, const std::string& name, std::size_t max_entries);

}  // namespace shunt::generation::command
