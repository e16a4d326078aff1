#pragma once

#include <string_view>

#include "shunt/base/result.hpp"
#include "shunt/http/multipart_reader.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

[[nodiscard]] Error malformed_multipart(std::string message);

// A part's header block, without its last empty line. Fails with `malformed_multipart`.
[[nodiscard]] Result<PartHeader> parse_part_header(std::string_view block);

}  // namespace shunt::http
