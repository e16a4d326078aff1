#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// What becomes of requests for a response that is there.
namespace shunt::api::dialects::openai {

[[nodiscard]] endpoint::Show show_response();
[[nodiscard]] endpoint::Cancel cancel_response();
[[nodiscard]] endpoint::Remove remove_response();
[[nodiscard]] endpoint::Show list_input_items();

}  // namespace shunt::api::dialects::openai
