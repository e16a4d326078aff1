#pragma once

#include <initializer_list>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/json_object_reader.hpp"
#include "shunt/base/result.hpp"

// The bodies of requests, which are read strictly: what is not known or not of its type is refused by name,
// with a JSON pointer in details.field.
namespace shunt::api {

// The object that a body is.
[[nodiscard]] Result<JsonObject> parse_object(std::string_view text, const JsonLimits& limits);

// Refuses the first member of `object` that is not in `known`.
[[nodiscard]] Result<void> only_known(const JsonObject& object, std::string_view pointer,
                                      std::initializer_list<std::string_view> known);

[[nodiscard]] Error wrong_type(std::string_view pointer, std::string_view expected, const Json& got);
// For readers of objects of which every member is optional, so that there is always one.
[[nodiscard]] Error wrong_member(const JsonObjectReader::Wrong& wrong);

}  // namespace shunt::api
