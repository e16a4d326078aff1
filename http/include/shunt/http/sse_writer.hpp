#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// Writes server-sent events (WHATWG HTML, section 9.2) at the end of a text, piece by piece, so that an
// event's data needs no text of its own. `type` and what is written as data are one line each: JSON as we
// write it is.
inline void begin_sse_event(std::string& out, std::uint64_t id, std::string_view type) {
  out.append("id: ").append(std::to_string(id)).append("\nevent: ").append(type).append("\ndata: ");
}
inline void end_sse_event(std::string& out) {
  out += "\n\n";
}

// A comment, which clients ignore: keeps proxies from closing a quiet stream, and finds out who has gone.
inline constexpr std::string_view kSseComment = ":\n\n";
// The same with words, a line of them, for people who look at the stream.
inline void append_sse_comment(std::string& out, std::string_view text) {
  out.append(": ").append(text).append("\n\n");
}

}  // namespace shunt::http
