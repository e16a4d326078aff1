#pragma once

#include <cstddef>
#include <string_view>

#include "shunt/base/error.hpp"

namespace shunt::http {

// The codes of errors that the transport itself finds. Which status and title each gets is for the part that
// answers (docs/errors.md lists them).
namespace problem_code {
inline constexpr std::string_view kMalformedRequest = "malformed_request";
inline constexpr std::string_view kInvalidTarget = "invalid_target";
inline constexpr std::string_view kRequestTimeout = "request_timeout";
inline constexpr std::string_view kBodyTooLarge = "body_too_large";
inline constexpr std::string_view kTargetTooLong = "target_too_long";
inline constexpr std::string_view kHeadersTooLarge = "headers_too_large";
inline constexpr std::string_view kTooManyConnections = "too_many_connections";
inline constexpr std::string_view kHttpVersionUnsupported = "http_version_unsupported";
}  // namespace problem_code

// The error of a body that has more than `limit` bytes, or says that it will.
[[nodiscard]] Error body_too_large(std::size_t limit);

}  // namespace shunt::http
