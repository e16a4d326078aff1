#include "drivers/data_url.hpp"

#include <utility>

#include "shunt/base/base64.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation {
namespace {

// Appends the text to `text`, which has room for it.
Result<void> append_file(std::string& text, FileSource& source, const FileReference& file,
                         const std::stop_token& stop) {
  // Three bytes become four characters, wherever the pieces are cut.
  std::string rest;
  auto read = source.read_all(file, [&](std::string_view piece) -> Result<void> {
    if (stop.stop_requested()) return Error{error_code::kFileStoreFailed, "nobody wants the file any more"};
    rest += piece;
    const std::size_t whole = rest.size() / 3 * 3;
    append_base64(text, std::string_view(rest).substr(0, whole));
    rest.erase(0, whole);
    return {};
  });
  append_base64(text, rest);
  return read;
}

}  // namespace

Result<std::string> base64_of(FileSource& source, const FileReference& file, const std::stop_token& stop) {
  std::string text;
  text.reserve(base64_size(static_cast<std::size_t>(file.bytes)));
  if (auto read = append_file(text, source, file, stop); !read) return std::move(read).error();
  return text;
}

Result<std::string> data_url_of(FileSource& source, const FileReference& file, const std::stop_token& stop) {
  std::string text = "data:" + file.media_type + ";base64,";
  text.reserve(text.size() + base64_size(static_cast<std::size_t>(file.bytes)));
  if (auto read = append_file(text, source, file, stop); !read) return std::move(read).error();
  return text;
}

std::size_t data_url_bytes(const FileReference& file) noexcept {
  constexpr std::size_t kHead = 300;  // a media type has at most 255 bytes
  return base64_size(static_cast<std::size_t>(file.bytes)) + kHead;
}

std::size_t data_url_bytes(const InputFiles& files) noexcept {
  std::size_t bytes = 0;
  for (const auto& [member, file] : files) bytes += data_url_bytes(file);
  return bytes;
}

}  // namespace shunt::generation
