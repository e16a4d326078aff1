#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "admission/key_ring.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/model_registry.hpp"

// Which models whoever has a key may use; `key` is nullptr where there are no keys.
namespace shunt::api {

// Whether the key may use a model of this name, whether there is one or not: `model_forbidden`.
[[nodiscard]] Result<void> check_model_permission(const Key* key, std::string_view name);

// The model of this name, if there is one and the key may use it: `model_forbidden`, and else `unknown_model`
// with those that it may use.
[[nodiscard]] Result<std::shared_ptr<const Model>> usable_model(const ModelRegistry& models, const Key* key,
                                                                std::string_view name);

[[nodiscard]] std::vector<std::shared_ptr<const Model>> usable_models(const ModelRegistry& models,
                                                                      const Key* key);

}  // namespace shunt::api
