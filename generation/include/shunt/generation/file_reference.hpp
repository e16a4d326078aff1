#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

inline constexpr std::size_t kMaxInputFiles = 16;  // of one generation

// A file that a generation was given, as its envelope names it: by its bytes, so that a rerun reads the same.
struct FileReference {
  std::string sha256{};  // 64 lower-case hex digits
  std::uint64_t bytes = 0;
  std::string media_type{};  // is_valid_media_type
  std::string filename{};    // as the caller named it, "" = not at all; no part of any path
  [[nodiscard]] bool operator==(const FileReference&) const = default;
};

// The files of a generation: by the member of `input` that each is, which is not in `input` itself, or by the
// id under which a message names it (message_files.hpp).
using InputFiles = std::map<std::string, FileReference>;

// "file-" and 32 lower-case hex digits, as the store makes them: nothing else becomes part of a path.
[[nodiscard]] bool is_file_id(std::string_view text) noexcept;

// Those that are members of the input.
[[nodiscard]] InputFiles files_of_members(const InputFiles& files);
// Whether messages name any.
[[nodiscard]] bool has_message_files(const InputFiles& files) noexcept;

// As an envelope has them.
[[nodiscard]] JsonObject to_json(const InputFiles& files);
// Strict, since others may have written it: fails with `invalid_request` and a pointer below /files.
[[nodiscard]] Result<InputFiles> decode_input_files(const JsonObject& object);

// ".png" for "image/png": what programs that go by a name's end expect. ".bin" for a type that is not known.
[[nodiscard]] std::string_view file_extension(std::string_view media_type);
// The other way round, for a file whose sender gives no type: by its name's end, else
// "application/octet-stream".
[[nodiscard]] std::string_view media_type_of_name(std::string_view filename);

// "image/png", "image/*" or "*/*".
[[nodiscard]] bool is_media_range(std::string_view text);
// Whether "image/png; x=y" is one of "image/png", "image/*", "*/*". An empty list has every type in it.
[[nodiscard]] bool is_media_type_in(std::string_view media_type, const std::vector<std::string>& ranges);

}  // namespace shunt::generation
