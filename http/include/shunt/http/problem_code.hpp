#pragma once

#include <cstddef>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// The codes of errors that the transport itself finds. Which status and title each gets is for the part that
// answers (docs/errors.md lists them).
namespace problem_code {
inline constexpr ErrorCode kMalformedRequest = "malformed_request";
inline constexpr ErrorCode kInvalidTarget = "invalid_target";
inline constexpr ErrorCode kRequestTimeout = "request_timeout";
inline constexpr ErrorCode kBodyTooLarge = "body_too_large";
inline constexpr ErrorCode kTargetTooLong = "target_too_long";
inline constexpr ErrorCode kHeadersTooLarge = "headers_too_large";
inline constexpr ErrorCode kTooManyConnections = "too_many_connections";
inline constexpr ErrorCode kHttpVersionUnsupported = "http_version_unsupported";
}  // namespace problem_code

// The error of a body that has more than `limit` bytes, or says that it will.
[[nodiscard]] Error body_too_large(std::size_t limit);

}  // namespace shunt::http
