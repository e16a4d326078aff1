#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

// The pure part of how files in use are counted.
namespace shunt::generation {

// That a caller's generations need bytes until a time. It lies as an empty file in the caller's folder, whose
// name says which bytes and which holder of theirs, and whose time of modification says until when.
struct StoredUse {
  std::string sha256{};
  std::uint64_t bytes = 0;
  std::string holder{};  // "use-" and 32 hex digits
  WallTime until{};
};

// "use-SHA256-BYTES-32 hex digits", and what it says; nullopt for every other name.
[[nodiscard]] std::string encode_use_name(const StoredUse& use);
[[nodiscard]] std::optional<StoredUse> decode_use_name(std::string_view name, WallTime until);

// A use lasts so much longer than it has to: as many generations as come in that time have it in common.
inline constexpr std::chrono::minutes kUseSlack{10};
// Of one caller; each is looked at when one more is added.
inline constexpr std::size_t kMaxUses = 10'000;

// A record that is longer was not written here.
inline constexpr std::size_t kMaxFileRecordBytes = 16UL * 1024;
// What is looked at of one caller's entries: twice what a quota may let it keep.
inline constexpr std::size_t kMaxCallerEntries = 20'000;

// Whether a caller that keeps `records` and uses `uses` may have `more` bytes more, of the digest, in a file
// that is kept (one more counts) or only used. Bytes that are used and kept count once. Uses that are over by
// `now` do not count. Fails with `file_quota_exceeded`.
enum class FileEntry { kRecord, kUse };
[[nodiscard]] Result<void> check_file_quota(std::span<const FileRecord> records,
                                            std::span<const StoredUse> uses, std::string_view sha256,
                                            std::uint64_t more, FileEntry entry, const FileQuota& quota,
                                            WallTime now);

}  // namespace shunt::generation
