#include "drivers/media_sniff.hpp"

#include <utility>

namespace shunt::generation {
namespace {

using namespace std::string_view_literals;

constexpr std::pair<std::string_view, std::string_view> kEndings[] = {
    {"image/png", "png"},         {"image/jpeg", "jpg"},      {"image/webp", "webp"},
    {"image/gif", "gif"},         {"image/svg+xml", "svg"},   {"audio/mpeg", "mp3"},
    {"audio/wav", "wav"},         {"audio/x-wav", "wav"},     {"audio/wave", "wav"},
    {"audio/flac", "flac"},       {"audio/x-flac", "flac"},   {"audio/ogg", "ogg"},
    {"audio/opus", "opus"},       {"audio/aac", "aac"},       {"audio/mp4", "m4a"},
    {"audio/pcm", "pcm"},         {"video/mp4", "mp4"},       {"video/webm", "webm"},
    {"application/json", "json"}, {"application/pdf", "pdf"}, {"application/zip", "zip"},
    {"text/plain", "txt"},        {"text/csv", "csv"},        {"text/html", "html"}};

}  // namespace

std::string_view image_type_of(std::string_view bytes) noexcept {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff"sv)) return "image/jpeg";
  if (bytes.starts_with("GIF8"sv)) return "image/gif";
  if (bytes.starts_with("RIFF"sv) && bytes.substr(0, 12).ends_with("WEBP"sv)) return "image/webp";
  return "";
}

std::string_view file_ending_of(std::string_view media_type) noexcept {
  for (const auto& [type, ending] : kEndings) {
    if (type == media_type) return ending;
  }
  return "bin";
}

}  // namespace shunt::generation
