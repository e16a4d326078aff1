#include "file_use.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation {
namespace {

constexpr std::string_view kPrefix = "use-";
constexpr std::size_t kDigestDigits = 64;
constexpr std::size_t kHolderDigits = 32;

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Error exceeded(std::string message) {
  return {error_code::kFileQuotaExceeded, std::move(message) + ": remove some files (DELETE /v1/files/{id})"};
}

// No sum of sizes that others may have written wraps.
std::uint64_t plus(std::uint64_t sum, std::uint64_t more) {
  return more > ~sum ? ~std::uint64_t{0} : sum + more;
}

}  // namespace

std::string encode_use_name(const StoredUse& use) {
  return std::string(kPrefix) + use.sha256 + '-' + std::to_string(use.bytes) + '-' +
         use.holder.substr(kPrefix.size());
}

std::optional<StoredUse> decode_use_name(std::string_view name, WallTime until) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  if (name.size() < kDigestDigits + kHolderDigits + 3 || name[kDigestDigits] != '-') return std::nullopt;
  StoredUse use{.sha256 = std::string(name.substr(0, kDigestDigits)), .until = until};
  name.remove_prefix(kDigestDigits + 1);
  const std::string_view digits = name.substr(0, name.size() - kHolderDigits - 1);
  const std::string_view holder = name.substr(name.size() - kHolderDigits);
  const auto bytes = read_number(digits);
  if (!bytes || name[digits.size()] != '-' || !is_lower_hex(holder) || !is_sha256_hex(use.sha256)) {
    return std::nullopt;
  }
  use.bytes = *bytes;
  use.holder = std::string(kPrefix) + std::string(holder);
  return use;
}

Result<void> check_file_quota(std::span<const FileRecord> records, std::span<const StoredUse> uses,
                              std::string_view sha256, std::uint64_t more, FileEntry entry,
                              const FileQuota& quota, WallTime now) {
  if (entry == FileEntry::kRecord && quota.max_files > 0 && records.size() >= quota.max_files) {
    return exceeded("the caller keeps its limit of " + std::to_string(quota.max_files) + " files")
        .with("limit", static_cast<std::uint64_t>(quota.max_files));
  }
  if (quota.max_bytes == 0) return {};
  std::uint64_t bytes = 0;
  std::set<std::string_view> counted;
  for (const FileRecord& each : records) {
    bytes = plus(bytes, each.bytes);
    counted.insert(each.sha256);
  }
  for (const StoredUse& each : uses) {
    if (each.until > now && counted.insert(each.sha256).second) bytes = plus(bytes, each.bytes);
  }
  if (entry == FileEntry::kUse && counted.contains(sha256)) return {};
  // What is kept in two files counts twice, as it does for who looks at the list of them.
  bytes = plus(bytes, more);
  if (bytes <= quota.max_bytes) return {};
  return exceeded("with this file the caller would have " + std::to_string(bytes) +
                  " bytes kept or in use by its generations, and its limit is " +
                  std::to_string(quota.max_bytes))
      .with("limit", quota.max_bytes)
      .with("received", bytes);
}

}  // namespace shunt::generation
