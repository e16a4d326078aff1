#include "dialects/ollama/call_options.hpp"

#include <string>
#include <utility>

#include "dialects/openai/call_members.hpp"

namespace shunt::api::dialects::ollama {

using openai::bad_member, openai::take_member;

std::shared_ptr<const Model> named_model(const CallContext& context, const JsonObject& body) {
  const Json* const name = body.if_contains("model");
  if (name == nullptr || !name->is_string()) return nullptr;
  const auto model = context.find_model(std::string_view(name->get_string()));
  return model ? *model : nullptr;
}

Result<void> spread_options(JsonObject& body, const Model* model) {
  auto options = take_member(body, "options");
  if (!options) return {};
  if (!options->is_object()) return bad_member("/options", "options must be an object");
  for (const auto& option : options->get_object()) {
    std::string name(option.key());
    const Json& value = option.value();
    if (name == "num_predict") {
      if (value.is_int64() && value.get_int64() < 0) continue;
      const bool ruled = model != nullptr && !model->input_rules.empty();
      if (!ruled || model->input_rules.find("max_tokens") != nullptr) name = "max_tokens";
    }
    const bool reserved = name == "model" || name == "messages" || name == "prompt";
    if (reserved || !body.emplace(name, value).second)
      return bad_member("/options/" + name, name + " is a member of the call, and no option");
  }
  return {};
}

}  // namespace shunt::api::dialects::ollama
