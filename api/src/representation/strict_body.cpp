#include "representation/strict_body.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_take_apart.hpp"

namespace shunt::api {
namespace {

std::string named(std::string_view pointer) {
  return pointer.empty() ? std::string("the body") : '"' + excerpt(pointer.substr(1)) + '"';
}

}  // namespace

Result<JsonObject> parse_object(std::string_view text, const JsonLimits& limits) {
  auto parsed = parse_json_to_take_apart(text, limits);
  if (!parsed) return std::move(parsed).error();
  if (!parsed->is_object()) return wrong_type("", "an object", *parsed);
  return std::move(parsed->get_object());
}

Result<void> only_known(const JsonObject& object, std::string_view pointer,
                        std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object) {
    const std::string_view name(key);
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const std::string_view allowed : known) list.append(list.empty() ? "" : ", ").append(allowed);
    const std::string where = std::string(pointer) + '/' + std::string(name);
    return invalid_field(where, "unknown member " + named(where) + "; known here: " + list,
                         problem_code::kUnknownField);
  }
  return {};
}

Error wrong_type(std::string_view pointer, std::string_view expected, const Json& got) {
  const std::string kind(json_kind_name(got));
  return invalid_field(pointer, named(pointer) + " must be " + std::string(expected) + ", got " + kind)
      .with("received", kind);
}

Error wrong_member(const JsonObjectReader::Wrong& wrong) {
  return wrong_type(wrong.member_pointer(), wrong.expected, wrong.got == nullptr ? Json() : *wrong.got);
}

}  // namespace shunt::api
