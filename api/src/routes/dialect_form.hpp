#pragma once

#include <optional>

#include "routes/exchange.hpp"
#include "routes/form_receiver.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api {

// The form of a call of another API: its fields become the request's body, as JSON (form_object); every part
// with a filename is a file. nullopt: the response has been made a problem. Precondition: exchange.body is
// there.
[[nodiscard]] http::Task<std::optional<ReceivedForm>> receive_call_form(Exchange& exchange);

}  // namespace shunt::api
