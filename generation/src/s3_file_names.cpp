#include "s3_file_names.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "shunt/base/digest.hpp"
#include "shunt/generation/artifact_rules.hpp"

namespace shunt::generation::s3 {
namespace {

constexpr std::string_view kObjects = "objects/";
constexpr std::string_view kHeld = "held/";
constexpr std::string_view kRemoving = "removing/";
constexpr std::string_view kCallers = "callers/";
constexpr std::string_view kFile = "file-";
constexpr std::string_view kUse = "use-";
constexpr std::string_view kClaim = "claim-";
constexpr std::size_t kDigestLength = 64;
constexpr std::size_t kIdLength = 32;
constexpr std::size_t kUntilLength = 15;  // of kLatestMs

bool is_hex_of(std::string_view text, std::size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool skip(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

std::string_view cut(std::string_view& text, std::size_t length) {
  const std::string_view front = text.substr(0, length);
  text.remove_prefix(front.size());
  return front;
}

// Of digits alone, and in one form: no zeros in front but for those of `length` (0: none).
std::optional<std::uint64_t> number_of(std::string_view digits, std::size_t length = 0) {
  std::uint64_t number = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (wrong != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (length > 0 ? digits.size() != length : digits.size() > 1 && digits.front() == '0') return std::nullopt;
  return number;
}

std::string until_text(WallTime until) {
  const auto ms = std::clamp<std::int64_t>(until.time_since_epoch().count(), 0, kLatestMs);
  std::string digits = std::to_string(ms);
  digits.insert(0, kUntilLength - digits.size(), '0');
  return digits;
}

std::optional<WallTime> until_of_text(std::string_view digits) {
  const auto ms = number_of(digits, kUntilLength);
  if (!ms || *ms > static_cast<std::uint64_t>(kLatestMs)) return std::nullopt;
  return WallTime(std::chrono::milliseconds(*ms));
}

std::string marks_of(std::string_view where, std::string_view sha256) {
  return std::string(where).append(sha256) + '/';
}

// SHA256/UNTIL-HOLDER
std::optional<Mark> decode_mark(std::string_view name) {
  Mark mark;
  mark.sha256 = cut(name, kDigestLength);
  if (!is_sha256_hex(mark.sha256) || !skip(name, "/")) return std::nullopt;
  const auto until = until_of_text(cut(name, kUntilLength));
  if (!until || !skip(name, "-")) return std::nullopt;
  mark.until = *until;
  mark.holder = name;
  return mark;
}

std::string_view word_of(CallerEntry::Kind kind) {
  if (kind == CallerEntry::Kind::kFile) return kFile;
  return kind == CallerEntry::Kind::kUse ? kUse : kClaim;
}

std::optional<CallerEntry::Kind> skip_kind(std::string_view& text) {
  for (const auto kind : {CallerEntry::Kind::kFile, CallerEntry::Kind::kUse, CallerEntry::Kind::kClaim}) {
    if (skip(text, word_of(kind))) return kind;
  }
  return std::nullopt;
}

}  // namespace

std::string object_name(std::string_view sha256) {
  return std::string(kObjects).append(sha256);
}

std::optional<std::string> decode_object_name(std::string_view name) {
  if (!skip(name, kObjects) || !is_sha256_hex(name)) return std::nullopt;
  return std::string(name);
}

std::string holders_of(std::string_view sha256) {
  return marks_of(kHeld, sha256);
}

std::string removers_of(std::string_view sha256) {
  return marks_of(kRemoving, sha256);
}

std::string holder_name(const Mark& mark) {
  return holders_of(mark.sha256) + until_text(mark.until) + '-' + mark.holder;
}

std::string remover_name(const Mark& mark) {
  return removers_of(mark.sha256) + until_text(mark.until) + '-' + mark.holder;
}

std::optional<Mark> decode_holder_name(std::string_view name) {
  if (!skip(name, kHeld)) return std::nullopt;
  auto mark = decode_mark(name);
  if (!mark) return std::nullopt;
  std::string_view id = mark->holder;
  if (!skip(id, kFile) && !skip(id, kUse)) return std::nullopt;
  return is_hex_of(id, kIdLength) ? mark : std::nullopt;
}

std::optional<Mark> decode_remover_name(std::string_view name) {
  if (!skip(name, kRemoving)) return std::nullopt;
  auto mark = decode_mark(name);
  return mark && is_hex_of(mark->holder, kIdLength) ? mark : std::nullopt;
}

// A caller's name may be anything; its digest is a part of a name.
std::string entries_of_caller(std::string_view caller) {
  return std::string(kCallers) + sha256_hex(caller) + '/';
}

std::string entry_of_file(std::string_view caller, std::string_view file_id) {
  return entries_of_caller(caller).append(file_id) + '-';
}

std::string encode_entry(const CallerEntry& entry) {
  return std::string(word_of(entry.kind)) + entry.id + '-' + entry.sha256 + '-' +
         std::to_string(entry.bytes) + '-' + until_text(entry.until);
}

std::optional<CallerEntry> decode_entry(std::string_view text) {
  CallerEntry entry;
  const auto kind = skip_kind(text);
  if (!kind) return std::nullopt;
  entry.kind = *kind;
  entry.id = cut(text, kIdLength);
  if (!is_hex_of(entry.id, kIdLength) || !skip(text, "-")) return std::nullopt;
  entry.sha256 = cut(text, kDigestLength);
  if (!is_sha256_hex(entry.sha256) || !skip(text, "-")) return std::nullopt;
  const auto bytes = number_of(cut(text, std::min(text.find('-'), text.size())));
  if (!bytes || !skip(text, "-")) return std::nullopt;
  entry.bytes = *bytes;
  const auto until = until_of_text(text);
  if (!until) return std::nullopt;
  entry.until = *until;
  return entry;
}

std::optional<CallerEntry> decode_entry_name(std::string_view name) {
  if (!skip(name, kCallers) || !is_hex_of(cut(name, kDigestLength), kDigestLength) || !skip(name, "/"))
    return std::nullopt;
  return decode_entry(name);
}

}  // namespace shunt::generation::s3
