#pragma once

#include <map>
#include <string>

#include "dialects/dialect.hpp"
#include "dialects/openai/call_members.hpp"
#include "shunt/api/namespace.hpp"

// Which images an edit is made of, and where in the model's input they go: the first to the member that the
// model's table says, `image` by default, further ones to those with _2, _3, ... behind its name, as many as
// the model has rules for. The mask goes to `mask`.
namespace shunt::api::dialects::openai {

struct EditedImages {
  // Of a form: the member of each of its files.
  std::map<std::string, std::string, std::less<>> file_members{};
  // Of JSON: members of the input, as they name files (representation/named_file.hpp).
  JsonObject named{};
};

// The files of the form: `image`, or several of the name `image[]`, and perhaps `mask`. Refuses any other,
// none, and more than the model takes. Pure.
[[nodiscard]] Result<EditedImages> images_of_form(const CallContext& context, const ServingModel& serving);

// Takes `images`, a list of {"file_id"} or {"image_url"}, and `mask`, one such, out of the body. Pure.
[[nodiscard]] Result<EditedImages> images_of_json(JsonObject& body, const ServingModel& serving);

}  // namespace shunt::api::dialects::openai
