#include "shunt/base/json_object_reader.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace shunt::base {

std::string JsonObjectReader::Wrong::member_pointer() const {
  return std::string(pointer).append("/").append(name);
}

const Json* JsonObjectReader::find(std::string_view name) {
  const Json* const value = object_.if_contains(name);
  if (value == nullptr || movable_ == nullptr) return value;
  const auto end = asked_.begin() + static_cast<std::ptrdiff_t>(asked_count_);
  if (std::find(asked_.begin(), end, value) != end) return value;
  if (asked_count_ == asked_.size()) throw std::length_error("JsonObjectReader: too many members");
  asked_[asked_count_++] = value;
  return value;
}

std::string JsonObjectReader::text(std::string_view name, Presence presence) {
  const Json* const value =
      expect(name, presence, "a string", [](const Json& got) { return got.is_string(); });
  return value != nullptr ? std::string(value->get_string()) : std::string();
}

std::optional<std::int64_t> JsonObjectReader::integer(std::string_view name, Presence presence,
                                                      std::int64_t limit) {
  const Json* const value = find(name);
  if (value != nullptr && value->is_int64() && value->get_int64() >= 0 && value->get_int64() <= limit)
    return value->get_int64();
  if (value != nullptr || presence == Presence::kRequired) {
    const bool bounded = limit != kMaxSafeInteger;
    const std::string expected =
        bounded ? "an integer from 0 to " + std::to_string(limit) : std::string("an integer from 0 on");
    refuse({.pointer = pointer_,
            .name = name,
            .expected = expected,
            .got = value,
            .limit = bounded ? std::optional(limit) : std::nullopt});
  }
  return std::nullopt;
}

std::optional<double> JsonObjectReader::number(std::string_view name, Presence presence) {
  const Json* const value =
      expect(name, presence, "a number", [](const Json& got) { return got.is_number(); });
  return value != nullptr ? std::optional(value->to_number<double>()) : std::nullopt;
}

std::optional<bool> JsonObjectReader::boolean(std::string_view name, Presence presence) {
  const Json* const value =
      expect(name, presence, "a boolean", [](const Json& got) { return got.is_bool(); });
  return value != nullptr ? std::optional(value->get_bool()) : std::nullopt;
}

JsonObject JsonObjectReader::object(std::string_view name, Presence presence) {
  const Json* const value =
      expect(name, presence, "an object", [](const Json& got) { return got.is_object(); });
  if (value == nullptr) return {};
  Json taken = take(name, *value);
  return std::move(taken.get_object());
}

Json JsonObjectReader::any(std::string_view name) {
  const Json* const value = expect(name, Presence::kRequired, "a value", [](const Json&) { return true; });
  return value != nullptr ? take(name, *value) : Json();
}

void JsonObjectReader::refuse(std::string_view name, std::string_view expected) {
  refuse({.pointer = pointer_, .name = name, .expected = expected, .got = object_.if_contains(name)});
}

void JsonObjectReader::refuse(Error error) {
  if (!problem_) problem_ = std::move(error);
}

JsonObject JsonObjectReader::rest() {
  JsonObject left;
  if (movable_ == nullptr || asked_count_ == movable_->size()) return left;  // the usual case
  const auto end = asked_.begin() + static_cast<std::ptrdiff_t>(asked_count_);
  for (auto& member : *movable_) {
    if (std::find(asked_.begin(), end, &member.value()) == end)
      left.emplace(member.key(), std::move(member.value()));
  }
  return left;
}

const Json* JsonObjectReader::expect(std::string_view name, Presence presence, std::string_view expected,
                                     bool (*accepts)(const Json&)) {
  const Json* const value = find(name);
  if (value != nullptr && accepts(*value)) return value;
  if (value != nullptr || presence == Presence::kRequired)
    refuse({.pointer = pointer_, .name = name, .expected = expected, .got = value});
  return nullptr;
}

Json JsonObjectReader::take(std::string_view name, const Json& value) {
  if (movable_ == nullptr) return value;
  return std::move(*movable_->if_contains(name));
}

void JsonObjectReader::refuse(const Wrong& wrong) {
  if (!problem_) problem_ = wording_(wrong);
}

}  // namespace shunt::base
