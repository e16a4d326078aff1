#pragma once

#include <string>
#include <string_view>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// Appends `payload` as one chunk of a chunked body (RFC 9112, 7.1). An empty one is left out, since a chunk
// of size zero ends the body.
void append_chunk(std::string& out, std::string_view payload);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace shunt::http
