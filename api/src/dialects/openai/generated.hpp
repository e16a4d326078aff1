#pragma once

#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/http/server/response.hpp"

// What the answers of several calls have in common.
namespace shunt::api::dialects::openai {

// Header lines of an accepted call: a client that sent it once more would run it once more.
void forbid_retry(http::Response& response);

[[nodiscard]] std::int64_t created_seconds(const GenerationId& id);

// The member of a result that is an object; nullptr: it has none.
[[nodiscard]] const JsonObject* object_in(const Json& result, std::string_view name);
// The member that is a text; "" if it has none.
[[nodiscard]] std::string_view text_in(const Json& result, std::string_view name);

// Why a model stopped: what its result says, or what follows from what it did.
[[nodiscard]] std::string_view finish_reason(const Json& result, bool calls_tools);
// Writes `usage`, the token counts, as the result has them; null where it has none.
void write_usage(JsonObjectWriter& object, const Json& result);

// What a generation has written: its text, or its result where that is a text.
[[nodiscard]] std::string_view text_of(const GenerationRecord& record);

}  // namespace shunt::api::dialects::openai
