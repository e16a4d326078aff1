#pragma once

#include <filesystem>
#include <string_view>

#include "batches/batch.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"

// The files of a batch's folder that are read or replaced whole. All of it blocks.
namespace shunt::api::batches {

inline constexpr std::string_view kRecordFile = "batch.json";
inline constexpr std::string_view kCancelFile = "cancel";
inline constexpr std::string_view kLockFile = "lock";

[[nodiscard]] Error batch_failed(std::string_view what, const std::filesystem::path& path, int number);
[[nodiscard]] bool is_there(const std::filesystem::path& path);
// The error's details have errno as `number` where the system says why.
[[nodiscard]] Result<Batch> load_batch(const std::filesystem::path& folder);
[[nodiscard]] Result<void> save_batch(const std::filesystem::path& folder, const Batch& batch);
// An empty file. 0, or errno.
[[nodiscard]] int touch(const std::filesystem::path& path);

}  // namespace shunt::api::batches
