#include "admission/usable_model.hpp"

#include <utility>

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::api {

Result<void> check_model_permission(const Key* key, std::string_view name) {
  if (key == nullptr || key->may_use(name)) return {};
  return invalid_field("/model",
                       "this key may not use the model \"" + excerpt(name) +
                           "\"; GET /v1/models lists those that it may",
                       problem_code::kModelForbidden)
      .with("received", excerpt(name));
}

Result<std::shared_ptr<const Model>> usable_model(const ModelRegistry& models, const Key* key,
                                                  std::string_view name) {
  // Before the look-up, so that nobody learns by the difference which models there are.
  if (auto permitted = check_model_permission(key, name); !permitted) return std::move(permitted).error();
  if (auto model = models.find(name)) return model;
  boost::json::array known;
  for (const auto& model : usable_models(models, key)) {
    known.emplace_back(boost::json::string_view(model->name));
  }
  return unknown_model(name, std::move(known));
}

std::vector<std::shared_ptr<const Model>> usable_models(const ModelRegistry& models, const Key* key) {
  std::vector<std::shared_ptr<const Model>> usable;
  for (const auto& [name, model] : models.all()) {
    if (key == nullptr || key->may_use(name)) usable.push_back(model);
  }
  return usable;
}

}  // namespace shunt::api
