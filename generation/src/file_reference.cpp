#include "shunt/generation/file_reference.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "shunt/base/json_object_reader.hpp"
#include "shunt/generation/artifact_rules.hpp"

namespace shunt::generation {
namespace {

constexpr std::string_view kIdPrefix = "file-";
constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kMaxFilenameBytes = 255;
constexpr std::string_view kUnknownType = "application/octet-stream";

// The first extension of a type is the one that it gets.
constexpr auto kExtensions = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"image/png", ".png"},           {"image/jpeg", ".jpg"},      {"image/jpeg", ".jpeg"},
    {"image/gif", ".gif"},           {"image/webp", ".webp"},     {"image/avif", ".avif"},
    {"image/bmp", ".bmp"},           {"image/tiff", ".tiff"},     {"image/tiff", ".tif"},
    {"image/svg+xml", ".svg"},       {"image/heic", ".heic"},     {"audio/wav", ".wav"},
    {"audio/x-wav", ".wav"},         {"audio/mpeg", ".mp3"},      {"audio/mp3", ".mp3"},
    {"audio/ogg", ".ogg"},           {"audio/opus", ".opus"},     {"audio/flac", ".flac"},
    {"audio/aac", ".aac"},           {"audio/mp4", ".m4a"},       {"audio/x-m4a", ".m4a"},
    {"audio/webm", ".weba"},         {"video/mp4", ".mp4"},       {"video/webm", ".webm"},
    {"video/quicktime", ".mov"},     {"application/pdf", ".pdf"}, {"application/json", ".json"},
    {"application/jsonl", ".jsonl"}, {"application/zip", ".zip"}, {"text/plain", ".txt"},
    {"text/markdown", ".md"},        {"text/csv", ".csv"},        {"text/html", ".html"},
});

std::string lower(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return made;
}

// Without parameters, in lower case.
std::string essence(std::string_view media_type) {
  std::string_view type = media_type.substr(0, std::min(media_type.find(';'), media_type.size()));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return lower(type);
}

Error wrong_member(const JsonObjectReader::Wrong& wrong) {
  const std::string pointer = wrong.member_pointer();
  return invalid_field(pointer, "envelope member " + pointer + " must be " + std::string(wrong.expected));
}

Result<FileReference> decode_reference(const Json& value, const std::string& pointer) {
  const JsonObject* const object = value.if_object();
  if (object == nullptr) return invalid_field(pointer, "envelope member " + pointer + " must be an object");
  JsonObjectReader members(*object, pointer, wrong_member);
  FileReference file;
  file.sha256 = members.text("sha256");
  file.bytes = static_cast<std::uint64_t>(members.integer("bytes").value_or(0));
  file.media_type = members.text("media_type");
  file.filename = members.text("filename", JsonObjectReader::Presence::kOptional);
  if (members.problem()) return *members.problem();
  if (!is_sha256_hex(file.sha256)) {
    return invalid_field(pointer + "/sha256", "a file is named by the SHA-256 of its bytes");
  }
  if (!is_valid_media_type(file.media_type)) {
    return invalid_field(pointer + "/media_type", "is no media type");
  }
  if (file.filename.size() > kMaxFilenameBytes) {
    return invalid_field(pointer + "/filename", "is longer than 255 bytes");
  }
  return file;
}

}  // namespace

bool is_file_id(std::string_view text) noexcept {
  return text.size() == kIdPrefix.size() + kIdDigits && text.starts_with(kIdPrefix) &&
         text.find_first_not_of("0123456789abcdef", kIdPrefix.size()) == std::string_view::npos;
}

InputFiles files_of_members(const InputFiles& files) {
  InputFiles members;
  for (const auto& [name, file] : files) {
    if (!is_file_id(name)) members.emplace(name, file);
  }
  return members;
}

bool has_message_files(const InputFiles& files) noexcept {
  return std::ranges::any_of(files, [](const auto& each) { return is_file_id(each.first); });
}

JsonObject to_json(const InputFiles& files) {
  JsonObject all;
  for (const auto& [member, file] : files) {
    JsonObject one;
    one["sha256"] = file.sha256;
    one["bytes"] = file.bytes;
    one["media_type"] = file.media_type;
    if (!file.filename.empty()) one["filename"] = file.filename;
    all[member] = std::move(one);
  }
  return all;
}

Result<InputFiles> decode_input_files(const JsonObject& object) {
  if (object.size() > kMaxInputFiles) {
    return invalid_field("/files", "a generation may have at most " + std::to_string(kMaxInputFiles) +
                                       " files, got " + std::to_string(object.size()));
  }
  InputFiles files;
  for (const auto& [member, value] : object) {
    auto file = decode_reference(value, "/files/" + std::string(member));
    if (!file) return std::move(file).error();
    files.emplace(member, std::move(*file));
  }
  return files;
}

std::string_view file_extension(std::string_view media_type) {
  const std::string type = essence(media_type);
  const auto* const found =
      std::ranges::find_if(kExtensions, [&](const auto& each) { return each.first == type; });
  return found == kExtensions.end() ? std::string_view(".bin") : found->second;
}

std::string_view media_type_of_name(std::string_view filename) {
  const std::size_t dot = filename.rfind('.');
  if (dot == std::string_view::npos) return kUnknownType;
  const std::string end = lower(filename.substr(dot));
  const auto* const found =
      std::ranges::find_if(kExtensions, [&](const auto& each) { return each.second == end; });
  return found == kExtensions.end() ? kUnknownType : found->first;
}

bool is_media_range(std::string_view text) {
  if (text == "*/*") return true;
  const std::size_t star = text.find('*');
  const bool at_end = star == std::string_view::npos || (star + 1 == text.size() && text.ends_with("/*"));
  return at_end && text.find(';') == std::string_view::npos && is_valid_media_type(text);
}

bool is_media_type_in(std::string_view media_type, const std::vector<std::string>& ranges) {
  if (ranges.empty()) return true;
  const std::string type = essence(media_type);
  return std::ranges::any_of(ranges, [&](const std::string& each) {
    const std::string range = essence(each);
    if (range == "*/*" || range == type) return true;
    return range.ends_with("/*") && type.starts_with(std::string_view(range).substr(0, range.size() - 1));
  });
}

}  // namespace shunt::generation
