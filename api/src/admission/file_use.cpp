#include "admission/file_use.hpp"

#include <algorithm>

namespace shunt::api {
namespace {

// Clocks of machines differ, and a generator may take a moment to stop.
constexpr std::chrono::minutes kHoldSlack{10};

}  // namespace

FileQuota file_quota(const FileOptions& options, const ApiKey* key) {
  const std::size_t own = key == nullptr ? 0 : key->max_stored_bytes;
  return {.max_bytes = own > 0 ? own : options.max_bytes_per_key, .max_files = options.max_files_per_key};
}

WallTime held_until(const FileOptions& options, WallTime begins,
                    std::optional<std::chrono::milliseconds> wanted, std::chrono::milliseconds most) {
  const auto timeout = std::clamp(wanted.value_or(most), std::chrono::milliseconds(0), most);
  return begins + timeout + options.retention + kHoldSlack;
}

}  // namespace shunt::api
