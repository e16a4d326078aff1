#pragma once

#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/base/error.hpp"
#include "shunt/http/server/response.hpp"

namespace shunt::api::dialects::openai {

// The status that OpenAI's clients know for what is wrong: they tell errors apart by it.
[[nodiscard]] int status_of(const Error& error);

// {"message", "type", "param", "code"}: what an answer, and an event of a stream, has as `error`.
void append_error(std::string& out, const Error& error);

// Turns the response into {"error": ...}; header lines that are there stay.
void write_error(http::Response& response, const Error& error);

// The same where our own clients ask, too: the problem document has {"error": ...} as one more member.
void write_shared_error(http::Response& response, const Error& error);

}  // namespace shunt::api::dialects::openai
