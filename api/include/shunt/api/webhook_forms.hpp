#pragma once

#include <string>

#include "shunt/api/namespace.hpp"
#include "shunt/webhooks/body_form.hpp"

namespace shunt::api {

// What other APIs say of an end, by webhooks::Webhook::form. `url_secret` is HttpServerOptions::url_secret of
// the processes that open the URLs; "": they hold in no process, so that who gets one asks for the
// prediction.
[[nodiscard]] webhooks::BodyForms webhook_forms(std::string url_secret);

}  // namespace shunt::api
