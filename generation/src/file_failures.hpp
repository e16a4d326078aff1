#pragma once

#include <filesystem>
#include <string_view>

#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

// What stores of files fail with, wherever the bytes lie.
namespace shunt::generation {

// `storage_full` or `file_store_failed`, by errno.
[[nodiscard]] Error file_not_stored(std::string_view what, const std::filesystem::path& path, int number);
[[nodiscard]] Error file_gone();
[[nodiscard]] Error too_many_file_uses();

}  // namespace shunt::generation
