#include "service/current_openapi.hpp"

#include <utility>

#include "surface/openapi.hpp"

namespace shunt::api {

CurrentOpenApi::CurrentOpenApi(const ModelRegistry& models) {
  follow(models.all());
  following_ = models.follow([this, &models] { follow(models.all()); });
}

void CurrentOpenApi::follow(const ModelSnapshot& models) {
  auto text = std::make_shared<const std::string>(openapi_document(models));
  const std::lock_guard lock(mutex_);
  text_.swap(text);
}

}  // namespace shunt::api
