#include "strict_members.hpp"

#include <algorithm>
#include <utility>

#include "shunt/base/duration_text.hpp"

namespace shunt::flip {
namespace {

using Presence = JsonObjectReader::Presence;

}  // namespace

bool is_line(std::string_view text, std::size_t most_bytes) noexcept {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  return text.size() <= most_bytes && is_valid_utf8(text) && std::ranges::none_of(text, is_control);
}

StrictMembers::StrictMembers(JsonObject object, std::string pointer, JsonObjectReader::Wording wording)
    : object_(std::move(object)),
      pointer_(std::move(pointer)),
      wording_(wording),
      reader_(std::move(object_), pointer_, wording) {}

std::string StrictMembers::pointer_to(std::string_view name) const {
  return std::string(pointer_).append("/").append(name);
}

void StrictMembers::duration(std::string_view name, std::chrono::milliseconds& to,
                             std::chrono::milliseconds least, std::chrono::milliseconds most) {
  if (reader_.find(name) == nullptr) return;
  const auto parsed = parse_duration(reader_.text(name));
  if (parsed && *parsed >= least && *parsed <= most) {
    to = *parsed;
    return;
  }
  reader_.refuse(
      name, "a duration from " + format_duration(least) + " to " + format_duration(most) + ", as in \"30m\"");
}

void StrictMembers::weight(std::string_view name, Weight& to) {
  if (const auto parsed = Weight::parse(reader_.text(name))) {
    to = *parsed;
  } else {
    reader_.refuse(name, "a share from \"0%\" to \"100%\" with at most two digits after the point");
  }
}

void StrictMembers::number(std::string_view name, double& to, double least, double most) {
  const auto value = reader_.number(name, Presence::kOptional);
  if (!value) return;
  to = *value;
  if (to >= least && to <= most) return;
  reader_.refuse(name, "a number from " + to_json_text(least) + " to " + to_json_text(most));
}

void StrictMembers::boolean(std::string_view name, bool& to) {
  if (const auto value = reader_.boolean(name, Presence::kOptional)) to = *value;
}

void StrictMembers::count(std::string_view name, std::uint64_t& to, std::int64_t most) {
  if (const auto value = reader_.integer(name, Presence::kOptional, most)) {
    to = static_cast<std::uint64_t>(*value);
  }
}

void StrictMembers::count(std::string_view name, std::uint32_t& to, std::int64_t least, std::int64_t most) {
  const auto value = reader_.integer(name, Presence::kOptional, most);
  if (!value) return;
  to = static_cast<std::uint32_t>(*value);
  if (*value < least) {
    reader_.refuse(name, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
}

void StrictMembers::line(std::string_view name, std::string& to, std::size_t most_bytes) {
  if (reader_.find(name) == nullptr) return;
  to = reader_.text(name);
  if (!is_line(to, most_bytes)) {
    reader_.refuse(name,
                   "a line of at most " + std::to_string(most_bytes) + " bytes without control characters");
  }
}

void StrictMembers::lines(std::string_view name, std::vector<std::string>& to, std::size_t most,
                          std::size_t most_bytes) {
  const Json* const value = reader_.find(name);
  if (value == nullptr) return;
  const auto fits = [most_bytes](const Json& entry) {
    return entry.is_string() && !entry.get_string().empty() && is_line(entry.get_string(), most_bytes);
  };
  if (!value->is_array() || value->get_array().size() > most ||
      !std::ranges::all_of(value->get_array(), fits)) {
    reader_.refuse(name, "a list of at most " + std::to_string(most) + " names of 1 to " +
                             std::to_string(most_bytes) + " bytes");
    return;
  }
  for (const Json& entry : value->get_array()) to.emplace_back(entry.get_string());
}

Result<void> StrictMembers::finish() {
  if (reader_.problem()) return *reader_.problem();
  const JsonObject unknown = reader_.rest();
  if (unknown.empty()) return {};
  const std::string name = unknown.begin()->key();
  return wording_(
      {.pointer = pointer_, .name = name, .expected = "no such member", .got = &unknown.begin()->value()});
}

}  // namespace shunt::flip
