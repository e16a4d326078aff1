#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/generation/namespace.hpp"

// How objects of a file store in a bucket are named (docs/decisions/0024). Pure; whoever may write to the
// bucket may leave any name, so every decoder returns nullopt for what no encoder makes.
namespace shunt::generation::s3 {

// "objects/SHA256"
[[nodiscard]] std::string object_name(std::string_view sha256);
[[nodiscard]] std::optional<std::string> decode_object_name(std::string_view name);

// "held/SHA256/UNTIL-HOLDER": a file ("file-" and 32 hex digits) or a use ("use-...") needs the bytes; and
// "removing/SHA256/UNTIL-TOKEN", of 32 hex digits.
struct Mark {
  std::string sha256{};
  WallTime until{};
  std::string holder{};  // or the token
  [[nodiscard]] bool operator==(const Mark&) const = default;
};
[[nodiscard]] std::string holders_of(std::string_view sha256);   // where their names begin
[[nodiscard]] std::string removers_of(std::string_view sha256);  // likewise
[[nodiscard]] std::string holder_name(const Mark& mark);
[[nodiscard]] std::string remover_name(const Mark& mark);
[[nodiscard]] std::optional<Mark> decode_holder_name(std::string_view name);
[[nodiscard]] std::optional<Mark> decode_remover_name(std::string_view name);

// What counts for a caller: "callers/SHA256(caller)/KIND-ID-SHA256-BYTES-UNTIL".
struct CallerEntry {
  enum class Kind { kFile, kUse, kClaim };
  Kind kind = Kind::kFile;
  std::string id{};  // 32 hex digits
  std::string sha256{};
  std::uint64_t bytes = 0;
  WallTime until{};
  [[nodiscard]] bool operator==(const CallerEntry&) const = default;
};
// Where the names of the caller's entries begin, and those of one file.
[[nodiscard]] std::string entries_of_caller(std::string_view caller);
[[nodiscard]] std::string entry_of_file(std::string_view caller, std::string_view file_id);
// After that beginning, which belongs to a caller.
[[nodiscard]] std::string encode_entry(const CallerEntry& entry);
[[nodiscard]] std::optional<CallerEntry> decode_entry(std::string_view text);
// Of whichever caller; the same of the whole name.
[[nodiscard]] std::optional<CallerEntry> decode_entry_name(std::string_view name);

}  // namespace shunt::generation::s3
