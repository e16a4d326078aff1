#include "representation/form_fields.hpp"

#include <string_view>

#include "shunt/base/display_text.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::api {
namespace {

Error unusable(std::string_view name, const char* why) {
  return invalid_field('/' + excerpt(name), "the field \"" + excerpt(name) + "\" " + why);
}

// Of "name[member]"; nullptr where the object's place is taken by something else.
Json* place_of_member(JsonObject& object, std::string_view name, std::string_view member) {
  Json& outer = object[name];
  if (outer.is_null()) outer.emplace_object();
  if (!outer.is_object() || outer.get_object().contains(member)) return nullptr;
  return &outer.get_object()[member];
}

}  // namespace

Result<JsonObject> form_object(const FormFields& fields, const FormLists& lists) {
  JsonObject object;
  for (const auto& [name, values] : lists) {
    if (name.empty() || name.find('[') != std::string::npos)
      return unusable(name + "[]", "has no name that is known");
    object.emplace(name, JsonArray(values.begin(), values.end()));
  }
  for (const auto& [name, value] : fields) {
    const std::size_t bracket = name.find('[');
    if (name.empty() || bracket == 0) return unusable(name, "has no name");
    if (bracket == std::string::npos) {
      if (!object.emplace(name, value).second) return unusable(name, "is given in two ways");
      continue;
    }
    const std::string_view member = std::string_view(name).substr(bracket + 1);
    if (member.size() < 2 || member.find_first_of("[]") != member.size() - 1)
      return unusable(name, "must be name, name[] or name[member]");
    Json* const place = place_of_member(object, std::string_view(name).substr(0, bracket),
                                        member.substr(0, member.size() - 1));
    if (place == nullptr) return unusable(name, "is given in two ways");
    *place = value;
  }
  return object;
}

}  // namespace shunt::api
