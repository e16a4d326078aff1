#include "shunt/api/webhook_forms.hpp"

#include <memory>
#include <utility>

#include "dialects/replicate/prediction_object.hpp"
#include "representation/url_signer.hpp"
#include "shunt/base/clock.hpp"

namespace shunt::api {

webhooks::BodyForms webhook_forms(std::string url_secret) {
  const auto urls = std::make_shared<const UrlSigner>(std::move(url_secret));
  webhooks::BodyForms forms;
  forms.emplace(dialects::replicate::kFormName,
                [urls](const GenerationRecord& record, const GenerationRequest* request) {
                  return dialects::replicate::webhook_body(record, request, *urls, system_clock().now());
                });
  return forms;
}

}  // namespace shunt::api
