#pragma once

#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/webhooks/body_form.hpp"

namespace shunt::api {

// What other APIs say of an end, by webhooks::Webhook::form. `url_secret` is HttpServerOptions::url_secret of
// the processes that open the URLs; "": they hold in no process, so that who gets one asks for the
// prediction.
[[nodiscard]] webhooks::BodyForms webhook_forms(std::string url_secret);

// Whether a configured webhook may name this event: one of ours (webhooks::event_named), or of OpenAI's that
// are told here.
[[nodiscard]] bool is_webhook_event(std::string_view name);

}  // namespace shunt::api
