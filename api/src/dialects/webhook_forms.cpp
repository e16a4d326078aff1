#include "shunt/api/webhook_forms.hpp"

#include <memory>
#include <utility>

#include "dialects/openai/responses/response_webhook.hpp"
#include "dialects/replicate/prediction_object.hpp"
#include "representation/url_signer.hpp"
#include "shunt/base/clock.hpp"

namespace shunt::api {

webhooks::BodyForms webhook_forms(std::string url_secret) {
  const auto urls = std::make_shared<const UrlSigner>(std::move(url_secret));
  webhooks::BodyForms forms;
  forms.emplace(dialects::replicate::kFormName,
                webhooks::BodyForm{.body = [urls](const webhooks::Told& told) {
                  return dialects::replicate::webhook_body(told, *urls, system_clock().now());
                }});
  forms.emplace(dialects::openai::kWebhookForm,
                webhooks::BodyForm{.body =
                                       [](const webhooks::Told& told) {
                                         return dialects::openai::response_event_body(told.record);
                                       },
                                   .end_name = dialects::openai::response_event});
  return forms;
}

}  // namespace shunt::api
