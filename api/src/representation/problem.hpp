#pragma once

#include <span>
#include <string>
#include <string_view>

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
inline constexpr std::string_view kInvalidParameter = "invalid_parameter";
inline constexpr std::string_view kInvalidHeader = "invalid_header";
inline constexpr std::string_view kUnknownField = "unknown_field";
inline constexpr std::string_view kUnauthorized = "unauthorized";
inline constexpr std::string_view kForeignOrigin = "foreign_origin";
inline constexpr std::string_view kMisdirectedRequest = "misdirected_request";
inline constexpr std::string_view kModelForbidden = "model_forbidden";
inline constexpr std::string_view kScopeMissing = "scope_missing";
inline constexpr std::string_view kRouteUnknown = "route_unknown";
inline constexpr std::string_view kMethodNotAllowed = "method_not_allowed";
inline constexpr std::string_view kNotAcceptable = "not_acceptable";
inline constexpr std::string_view kCancelled = "cancelled";
inline constexpr std::string_view kLengthRequired = "length_required";
inline constexpr std::string_view kUnsupportedMediaType = "unsupported_media_type";
inline constexpr std::string_view kRangeNotSatisfiable = "range_not_satisfiable";
inline constexpr std::string_view kExpectationFailed = "expectation_failed";
inline constexpr std::string_view kRateLimited = "rate_limited";
inline constexpr std::string_view kTooManyConcurrent = "too_many_concurrent";
inline constexpr std::string_view kTransferEncodingUnsupported = "transfer_encoding_unsupported";
inline constexpr std::string_view kNotEnded = "not_ended";
inline constexpr std::string_view kRequestForgotten = "request_forgotten";
inline constexpr std::string_view kSubmitUnknown = "submit_unknown";
inline constexpr std::string_view kWaitDeadlineExceeded = "wait_deadline_exceeded";
inline constexpr std::string_view kInternalError = "internal_error";
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

// Appends the error as application/problem+json: type, title, status, detail, code, retryable, then the
// members of `details`. Whatever an error quotes of a request is cut where it is long.
void append_problem(std::string& out, const Error& error, const ProblemContext& context = {});

// Turns the response into that document; header lines that are there stay.
void set_problem(http::Response& response, const Error& error, const ProblemContext& context = {});

}  // namespace shunt::api
