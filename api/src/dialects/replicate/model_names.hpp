#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// Replicate names a model by owner and name, and its versions by a hash; here a model has one name and is
// what it is now.
namespace shunt::api::dialects::replicate {

inline constexpr std::string_view kOwner = "shunt";  // of models whose name has no "/"

struct Place {
  std::string owner;
  std::string name;
  [[nodiscard]] std::string text() const { return owner + '/' + name; }
};
[[nodiscard]] Place place_of(std::string_view model);

// 64 hex digits that stay for as long as the model is described as it is.
[[nodiscard]] std::string version_of(const Model& model);

// The model named "owner/name", else, where the owner is kOwner, the one named "name".
[[nodiscard]] Result<std::shared_ptr<const Model>> model_at(const CallContext& context,
                                                            std::string_view owner, std::string_view name);
// By what `version` may say: version_of(), "owner/name", "owner/name:VERSION" or a model's name.
[[nodiscard]] Result<std::shared_ptr<const Model>> model_of_version(const CallContext& context,
                                                                    std::string_view version);

}  // namespace shunt::api::dialects::replicate
