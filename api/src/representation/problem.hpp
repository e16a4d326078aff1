#pragma once

#include <span>
#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/base/error.hpp"
#include "shunt/base/overloaded.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/http/problem_code.hpp"
#include "shunt/http/server/response.hpp"

namespace shunt::api {

// Codes that only HTTP has; those of generations are in shunt/generation/error_codes.hpp.
namespace problem_code {
using namespace http::problem_code;  // what the transport finds
inline constexpr ErrorCode kInvalidParameter = "invalid_parameter";
inline constexpr ErrorCode kInvalidHeader = "invalid_header";
inline constexpr ErrorCode kUnknownField = "unknown_field";
inline constexpr ErrorCode kUnauthorized = "unauthorized";
inline constexpr ErrorCode kForeignOrigin = "foreign_origin";
inline constexpr ErrorCode kLoopbackOnly = "loopback_only";
inline constexpr ErrorCode kFlipDisabled = "flip_disabled";
inline constexpr ErrorCode kWebhooksDisabled = "webhooks_disabled";
inline constexpr ErrorCode kDeliveryUnknown = "delivery_unknown";
inline constexpr ErrorCode kDeliveryPending = "delivery_pending";
inline constexpr ErrorCode kFilesDisabled = "files_disabled";
inline constexpr ErrorCode kBatchUnknown = "batch_unknown";
inline constexpr ErrorCode kBatchEnded = "batch_ended";
inline constexpr ErrorCode kReloadDisabled = "reload_disabled";
inline constexpr ErrorCode kMisdirectedRequest = "misdirected_request";
inline constexpr ErrorCode kModelForbidden = "model_forbidden";
inline constexpr ErrorCode kScopeMissing = "scope_missing";
inline constexpr ErrorCode kRouteUnknown = "route_unknown";
inline constexpr ErrorCode kModelUnknown = "model_unknown";
inline constexpr ErrorCode kMethodNotAllowed = "method_not_allowed";
inline constexpr ErrorCode kNotAcceptable = "not_acceptable";
inline constexpr ErrorCode kCancelled = "cancelled";
inline constexpr ErrorCode kLengthRequired = "length_required";
inline constexpr ErrorCode kUnsupportedMediaType = "unsupported_media_type";
inline constexpr ErrorCode kRangeNotSatisfiable = "range_not_satisfiable";
inline constexpr ErrorCode kExpectationFailed = "expectation_failed";
inline constexpr ErrorCode kRateLimited = "rate_limited";
inline constexpr ErrorCode kTooManyConcurrent = "too_many_concurrent";
inline constexpr ErrorCode kTransferEncodingUnsupported = "transfer_encoding_unsupported";
inline constexpr ErrorCode kNotEnded = "not_ended";
inline constexpr ErrorCode kRequestForgotten = "request_forgotten";
inline constexpr ErrorCode kSubmitUnknown = "submit_unknown";
inline constexpr ErrorCode kWaitDeadlineExceeded = "wait_deadline_exceeded";
inline constexpr ErrorCode kInternalError = "internal_error";
}  // namespace problem_code

// One kind of problem: what RFC 9457 calls a problem type.
struct ProblemType {
  std::string_view code;
  int status;
  std::string_view title;
};

// Every code that a response can carry, by status. docs/errors.md explains them; a test compares.
[[nodiscard]] std::span<const ProblemType> problem_types();

// The type for an error's code. A code that is not listed comes from a generator of the user's own: 502.
[[nodiscard]] ProblemType problem_type(std::string_view code);

// What a problem document says beside the error.
struct ProblemContext {
  std::string_view instance;  // the link of the generation concerned
  const GenerationRecord* generation = nullptr;
};

// An error's words for a response, cut where they are long.
[[nodiscard]] std::string bounded_message(const Error& error);

// Appends the error as application/problem+json: type, title, status, detail, code, retryable, then the
// members of `details`. Whatever an error quotes of a request is cut where it is long.
void append_problem(std::string& out, const Error& error, const ProblemContext& context = {});

// Turns the response into that document, or into what its write_error makes; header lines that are there
// stay.
void set_problem(http::Response& response, const Error& error, const ProblemContext& context = {});

}  // namespace shunt::api
