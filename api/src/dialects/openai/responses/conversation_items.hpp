#pragma once

#include <cstddef>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// What a model is given, as items.
struct Conversation {
  JsonArray items{};
  std::size_t earlier = 0;  // how many of them, the first ones, are an earlier response's
};

// Takes `input` and `previous_response_id` out of a request's body: what the earlier response was given and
// has said, then the input. `earlier` is that response where it is there and the caller's.
[[nodiscard]] Result<Conversation> take_conversation(JsonObject& body, const Stored* earlier,
                                                     JsonObject& echo);

// The items that a stored response was given, each with its id.
[[nodiscard]] JsonArray listed_items(const GenerationId& id, JsonArray items);

}  // namespace shunt::api::dialects::openai
