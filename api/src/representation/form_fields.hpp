#pragma once

#include <map>
#include <string>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::api {

// The fields of a form, by their names as they came.
using FormFields = std::map<std::string, std::string, std::less<>>;
// Those whose names end with "[]", without that: they may come several times.
using FormLists = std::map<std::string, std::vector<std::string>, std::less<>>;

// What a form says as one object: "name[]" is the list `name`, "name[member]" a member of the object `name`,
// and every value a text. Fails with the name where that is said in two ways, or is none.
[[nodiscard]] Result<JsonObject> form_object(const FormFields& fields, const FormLists& lists);

}  // namespace shunt::api
