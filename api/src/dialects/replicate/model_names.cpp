#include "dialects/replicate/model_names.hpp"

#include "representation/problem.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::api::dialects::replicate {
namespace {

constexpr std::size_t kVersionDigits = 64;

bool is_version(std::string_view text) {
  return text.size() == kVersionDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Error no_such_version(std::string_view version) {
  return Error{error_code::kUnknownModel, "there is no model, and no version of one, \"" + excerpt(version) +
                                              "\"; GET /replicate/v1/models lists what there is"}
      .with("field", std::string("/version"));
}

Result<std::shared_ptr<const Model>> model_named(const CallContext& context, std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return context.find_model(name);
  return model_at(context, name.substr(0, slash), name.substr(slash + 1));
}

}  // namespace

Place place_of(std::string_view model) {
  const std::size_t slash = model.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == model.size()) {
    return {std::string(kOwner), std::string(model)};
  }
  return {std::string(model.substr(0, slash)), std::string(model.substr(slash + 1))};
}

std::string version_of(const Model& model) {
  std::string described;
  JsonObjectWriter object(described);
  object.text("name", model.name);
  object.text("driver", model.driver);
  object.text("description", model.description);
  if (!model.input_rules.empty()) object.json("input", model.input_rules.schema());
  std::string& produces = object.begin("produces");
  produces += '[';
  for (const std::string& type : model.produces) {
    append_json_string(produces, type);
    produces += ',';
  }
  produces += ']';
  object.close();
  return sha256_hex(described);
}

Result<std::shared_ptr<const Model>> model_at(const CallContext& context, std::string_view owner,
                                              std::string_view name) {
  auto whole = context.find_model(std::string(owner).append("/").append(name));
  if (whole || owner != kOwner) return whole;
  return context.find_model(name);
}

Result<std::shared_ptr<const Model>> model_of_version(const CallContext& context, std::string_view version) {
  if (is_version(version)) {
    for (const auto& model : context.models()) {
      if (version_of(*model) == version) return model;
    }
    return no_such_version(version);
  }
  // Names of models may have a colon too.
  auto named = model_named(context, version);
  const std::size_t colon = version.rfind(':');
  if (named || colon == std::string_view::npos || !is_version(version.substr(colon + 1))) return named;
  auto model = model_named(context, version.substr(0, colon));
  if (model && version_of(**model) != version.substr(colon + 1)) return no_such_version(version);
  return model;
}

}  // namespace shunt::api::dialects::replicate
