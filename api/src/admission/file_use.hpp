#pragma once

#include <chrono>
#include <optional>

#include "shunt/api/http_server.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/generation/file_store.hpp"

// What a caller may keep as files, and for how long a generation holds what it was given. Pure.
namespace shunt::api {

// `key` may be nullptr.
[[nodiscard]] FileQuota file_quota(const FileOptions& options, const ApiKey* key);

// Until when the files of a generation are held that begins by `begins`, with the timeout that it asks for,
// if any, and the longest that its model allows. A timeout that its executor will refuse as too long holds
// nothing for longer either.
[[nodiscard]] WallTime held_until(const FileOptions& options, WallTime begins,
                                  std::optional<std::chrono::milliseconds> wanted,
                                  std::chrono::milliseconds most);

}  // namespace shunt::api
