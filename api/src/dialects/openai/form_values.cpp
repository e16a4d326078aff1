#include "dialects/openai/form_values.hpp"

#include <algorithm>
#include <string>

#include "dialects/openai/call_members.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::api::dialects::openai {
namespace {

bool is_of(InputRule::Type type, const Json& value) {
  switch (type) {
    case InputRule::Type::kNumber:
    case InputRule::Type::kInteger:
      return value.is_number();
    case InputRule::Type::kBoolean:
      return value.is_bool();
    default:
      return false;
  }
}

}  // namespace

void type_values(JsonObject& input, const Model& model) {
  for (auto& member : input) {
    const InputRule* const rule = model.input_rules.find(std::string_view(member.key()));
    if (rule == nullptr || !rule->type || !member.value().is_string()) continue;
    auto value = parse_json(member.value().get_string());
    if (value && is_of(*rule->type, *value)) member.value() = std::move(*value);
  }
}

Result<bool> take_form_switch(JsonObject& body, std::string_view name) {
  const auto text = take_text(body, name);
  if (!text) return text.error();
  if (text->empty() || *text == "false") return false;
  if (*text == "true") return true;
  return bad_member("/" + std::string(name),
                    std::string(name) + " must be true or false, got \"" + excerpt(*text) + '"');
}

Result<void> check_form_files(const CallContext& context, std::string_view needed) {
  for (const std::string& name : context.files) {
    if (name != needed) return not_done(excerpt(name), "a file of this name is not known");
  }
  if (std::ranges::find(context.files, needed) != context.files.end()) return {};
  const std::string name(needed);
  return bad_member('/' + name, name + " must be a file of the form, with a filename");
}

}  // namespace shunt::api::dialects::openai
