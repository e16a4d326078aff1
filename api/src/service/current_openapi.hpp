#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "shunt/api/namespace.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::api {

// /openapi.json for those who may see every model, made anew when the models are others. Any thread.
class CurrentOpenApi {
 public:
  // `models` outlives it.
  explicit CurrentOpenApi(const ModelRegistry& models);

  [[nodiscard]] std::shared_ptr<const std::string> text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  void follow(const ModelSnapshot& models);

  mutable std::mutex mutex_;
  std::shared_ptr<const std::string> text_;
  ModelRegistry::Follower following_;  // the first to go
};

}  // namespace shunt::api
