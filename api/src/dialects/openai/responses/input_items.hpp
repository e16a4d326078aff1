#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

// What a response's request gives the model: items here, messages where it is a chat.
namespace shunt::api::dialects::openai {

// The items of a request's `input`, a text or a list; each has its type. What is no item, or none that a chat
// can say, is refused by name.
[[nodiscard]] Result<JsonArray> read_input(const Json& input);

// Where the parts that name a file by its id stand in a request's `input`, in their order. Of the items, the
// first `earlier` are those of the response that the request goes on from, which stands for all of theirs.
[[nodiscard]] std::vector<std::string> file_places(const JsonArray& items, std::size_t earlier);

// Those items, which read_input() or output_items() has made, as a chat's messages. Calls of tools belong to
// the message before them. A model's reasoning is its own: it is not told again.
[[nodiscard]] Result<JsonArray> as_messages(const JsonArray& items, std::string_view instructions);

}  // namespace shunt::api::dialects::openai
