#include "drivers/cog/cog_output.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "drivers/media_sniff.hpp"
#include "shunt/base/base64.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::cog {
namespace {

constexpr std::string_view kScheme = "data:";
constexpr std::string_view kBase64 = ";base64";
constexpr std::size_t kLongestHead = 256;  // of a data URL, before its comma

struct File {
  std::string media_type{};
  std::string bytes{};
};

// RFC 2397: data:[type][;base64],DATA. Cog always writes base64.
std::optional<File> read_data_url(std::string_view url) {
  url.remove_prefix(kScheme.size());
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view type = url.substr(0, comma);
  if (!type.ends_with(kBase64)) return std::nullopt;
  type.remove_suffix(kBase64.size());
  auto bytes = parse_base64(url.substr(comma + 1));
  if (!bytes) return std::nullopt;
  return File{is_valid_media_type(type) ? std::string(type) : "application/octet-stream", std::move(*bytes)};
}

std::string type_alone(std::string_view media_type) {
  return std::string(media_type.substr(0, media_type.find_first_of("; ")));
}

Result<void> take_files(Json& value, std::vector<Artifact>& artifacts) {
  if (JsonArray* list = value.if_array()) {
    for (Json& element : *list) {
      if (auto taken = take_files(element, artifacts); !taken) return taken;
    }
  } else if (JsonObject* members = value.if_object()) {
    for (auto& member : *members) {
      if (auto taken = take_files(member.value(), artifacts); !taken) return taken;
    }
  } else if (value.is_string() && is_file(value.get_string())) {
    auto file = read_data_url(value.get_string());
    if (!file) {
      return Error{error_code::kUpstreamBroken,
                   "the container's output has a file whose data URL cannot be read (base64 is expected)",
                   Retryable::kYes};
    }
    const std::string name = "output-" + std::to_string(artifacts.size() + 1) + '.' +
                             std::string(file_ending_of(type_alone(file->media_type)));
    artifacts.push_back(
        {name, file->media_type, std::make_shared<const std::string>(std::move(file->bytes))});
    value = JsonObject{{"artifact", name}};
  }
  return {};
}

std::string text_of(const Json& output) {
  if (output.is_string()) return std::string(output.get_string());
  std::string text;
  if (!output.is_array()) return text;
  const JsonArray& list = output.get_array();
  if (!std::ranges::all_of(list, [](const Json& each) { return each.is_string(); })) return text;
  for (const Json& each : list) text += std::string_view(each.get_string());
  return text;
}

}  // namespace

bool is_file(std::string_view text) noexcept {
  // "data: the new oil" is a text.
  if (!text.starts_with(kScheme)) return false;
  const std::string_view head = text.substr(0, std::min(text.find(','), kLongestHead)).substr(kScheme.size());
  return head.find(' ') == std::string_view::npos && head.ends_with(kBase64);
}

Result<CogOutput> take_output(Json output) {
  CogOutput taken;
  if (auto files = take_files(output, taken.artifacts); !files) return std::move(files).error();
  taken.text = text_of(output);
  taken.output = std::move(output);
  return taken;
}

}  // namespace shunt::generation::cog
