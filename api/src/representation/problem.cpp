#include "representation/problem.hpp"

#include <algorithm>
#include <array>

#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/file_error_codes.hpp"
#include "shunt/http/fetch.hpp"
#include "shunt/http/multipart_reader.hpp"

namespace shunt::api {
namespace {

namespace ec = error_code;
namespace pc = problem_code;

constexpr auto kTypes = std::to_array<ProblemType>({
    {pc::kMalformedRequest, 400, "The request is not valid HTTP"},
    {pc::kMalformedMultipart, 400, "The body is not multipart/form-data"},
    {pc::kInvalidTarget, 400, "The request target is malformed"},
    {pc::kInvalidParameter, 400, "A query parameter is not usable"},
    {pc::kInvalidHeader, 400, "A header field is not usable"},
    {"invalid_json", 400, "The body is not JSON"},
    {"json_too_deep", 400, "The body is nested too deeply"},
    {"invalid_utf8", 400, "The body is not UTF-8"},
    {"number_out_of_range", 400, "A number is out of range"},
    {"duplicate_key", 400, "An object has the same key twice"},
    {"too_many_members", 400, "An object has too many members"},
    {"colliding_members", 400, "The names of an object's members collide"},
    {pc::kUnauthorized, 401, "A valid API key is needed"},
    {pc::kForeignOrigin, 403, "A page of another site may not do this"},
    {pc::kModelForbidden, 403, "The key may not use the model"},
    {pc::kLoopbackOnly, 403, "Without API keys only this machine may do this"},
    {pc::kScopeMissing, 403, "The key does not have the scope for this"},
    {pc::kRouteUnknown, 404, "There is nothing here"},
    {pc::kModelUnknown, 404, "There is no such model"},
    {ec::kGenerationUnknown, 404, "There is no such generation"},
    {pc::kDeliveryUnknown, 404, "There is no such delivery"},
    {ec::kArtifactUnknown, 404, "The generation has no such artifact"},
    {ec::kFileUnknown, 404, "There is no such file"},
    {pc::kBatchUnknown, 404, "There is no such batch"},
    {pc::kMethodNotAllowed, 405, "The method is not allowed here"},
    {pc::kNotAcceptable, 406, "Nothing that Accept allows can be produced"},
    {pc::kRequestTimeout, 408, "The request came too slowly"},
    {ec::kIdempotencyConflict, 409, "The idempotency key belongs to another request"},
    {pc::kNotEnded, 409, "The generation has not ended"},
    {pc::kRequestForgotten, 409, "The generation's input is no longer kept"},
    {pc::kCancelled, 409, "The generation was cancelled"},
    {pc::kFilesDisabled, 409, "There is no place for files here"},
    {pc::kBatchEnded, 409, "The batch has ended"},
    {pc::kFlipDisabled, 409, "There is no flip here"},
    {pc::kWebhooksDisabled, 409, "There are no webhooks here"},
    {pc::kDeliveryPending, 409, "The delivery has not ended"},
    {pc::kReloadDisabled, 409, "The configuration cannot be read again"},
    {"flip_not_allowed", 409, "The flip has no such move where it is"},
    {"flip_preflight_failed", 409, "The preflight fails"},
    {"flip_not_converged", 409, "Not every process has heard of the flip's last change"},
    {"flip_cooling_down", 409, "The last rollout was taken back a short while ago"},
    {"flip_stale_epoch", 409, "Another change of the flip came first"},
    {ec::kGenerationGone, 410, "The generation is no longer kept"},
    {ec::kArtifactGone, 410, "The artifact is no longer kept"},
    {ec::kFileGone, 410, "The file's bytes are no longer kept"},
    {pc::kLengthRequired, 411, "A body is needed"},
    {pc::kBodyTooLarge, 413, "The body is too large"},
    {ec::kFileQuotaExceeded, 413, "The caller keeps as much as it may"},
    {pc::kTargetTooLong, 414, "The request target is too long"},
    {pc::kUnsupportedMediaType, 415, "The body's media type is not supported"},
    {pc::kRangeNotSatisfiable, 416, "The range lies outside the artifact"},
    {pc::kExpectationFailed, 417, "The expectation cannot be met"},
    {pc::kMisdirectedRequest, 421, "The server does not answer for this host"},
    {ec::kInvalidRequest, 422, "A member of the request is not usable"},
    {"invalid_configuration", 422, "The configuration is not usable"},
    {"invalid_plan", 422, "The plan is not usable"},
    {"flip_too_large", 422, "The plan is too large"},
    {pc::kUnknownField, 422, "The request has an unknown member"},
    {ec::kUnknownModel, 422, "There is no such model"},
    {http::kNotFetched, 422, "A file could not be fetched from its URL"},
    {ec::kInvalidInput, 422, "The model refuses the input"},
    {ec::kUnsupportedEnvelope, 422, "The envelope's version is not supported"},
    {ec::kModelBusy, 429, "The model is busy"},
    {pc::kRateLimited, 429, "The key's request rate is used up"},
    {pc::kTooManyConcurrent, 429, "The caller has too many requests under way, or generations open"},
    {pc::kHeadersTooLarge, 431, "The header is too large"},
    {pc::kInternalError, 500, "The server failed"},
    {ec::kBrokenRecord, 500, "The generation's record cannot be read"},
    {pc::kTransferEncodingUnsupported, 501, "The transfer encoding is not supported"},
    {ec::kOutputTooLarge, 502, "The generation's output broke a limit"},
    {ec::kInvalidOutput, 502, "The generation's output was not usable"},
    {ec::kGeneratorFailed, 502, "The generator failed"},
    {ec::kGeneratorVanished, 502, "The generator gave up without an answer"},
    {ec::kProgramNotStarted, 502, "The program could not be started"},
    {ec::kProgramExited, 502, "The program failed"},
    {ec::kProgramKilled, 502, "The program was killed"},
    {ec::kProgramLimit, 502, "The program hit a resource limit"},
    {ec::kUpstreamUnreachable, 502, "The upstream server cannot be reached"},
    {ec::kUpstreamRejected, 502, "The upstream server rejected the request"},
    {ec::kUpstreamRateLimited, 502, "The upstream server limits the rate"},
    {ec::kUpstreamFailed, 502, "The upstream server failed"},
    {ec::kUpstreamBroken, 502, "The upstream server's answer broke off"},
    {ec::kSimulatedFailure, 502, "The simulator failed as told"},
    {ec::kWorkerLost, 502, "The generation's worker was lost"},
    {ec::kInterrupted, 502, "The process that ran the generation is gone"},
    {ec::kArtifactStoreFailed, 502, "An artifact could not be stored or read"},
    {ec::kFileStoreFailed, 502, "A file could not be stored or read"},
    {ec::kStoreFull, 503, "No more generations can be kept"},
    {ec::kClaimsFull, 503, "No more idempotency keys can be kept"},
    {ec::kOverloaded, 503, "The server's memory is used up"},
    {ec::kQueueUnavailable, 503, "The queue cannot be reached now"},
    {ec::kNoWorker, 503, "No worker runs the model now"},
    {"flip_store_unreadable", 503, "The flip's record in Redis cannot be read or written now"},
    {ec::kShuttingDown, 503, "The server is shutting down"},
    {pc::kSubmitUnknown, 503, "It is not known whether the generation exists"},
    {pc::kTooManyConnections, 503, "The server has too many connections"},
    {pc::kWaitDeadlineExceeded, 504, "The generation goes on longer than requests may wait"},
    {ec::kDeadlineExceeded, 504, "The generation took too long"},
    {ec::kUpstreamTimeout, 504, "The upstream server took too long"},
    {pc::kHttpVersionUnsupported, 505, "The HTTP version is not supported"},
    {ec::kStorageFull, 507, "The disk for files is full"},
});

// What an error quotes came from a request, a program or an upstream, and may be as long as those let it be.
// An error is cut for reading where it is made; this is the bound that holds for all.
constexpr std::size_t kMaxDetailBytes = 8 * 1024;
constexpr std::size_t kMaxValueBytes = 4 * 1024;

void append_bounded(std::string& out, const Json& value) {
  const std::size_t start = out.size();
  append_json(out, value);
  if (out.size() - start <= kMaxValueBytes) return;
  out.resize(start);
  if (!value.is_array()) {
    append_json_string(out, value.is_string() ? excerpt(value.get_string()) : excerpt(to_json_text(value)));
    return;
  }
  out += '[';
  for (const Json& element : value.get_array()) {
    const std::string text = to_json_text(element);
    if (out.size() - start + text.size() > kMaxValueBytes) break;
    if (out.back() != '[') out += ',';
    out += text;
  }
  out += ']';
}

bool is_reserved(std::string_view name) noexcept {
  constexpr auto kReserved =
      std::to_array<std::string_view>({"type", "title", "status", "detail", "code", "retryable", "instance"});
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

}  // namespace

std::span<const ProblemType> problem_types() {
  return kTypes;
}

ProblemType problem_type(std::string_view code) {
  const auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& type) { return type.code == code; });
  if (found != kTypes.end()) return *found;
  return {code, 502, "The generation failed"};
}

std::string bounded_message(const Error& error) {
  return excerpt(error.message, kMaxDetailBytes);
}

void append_problem(std::string& out, const Error& error, const ProblemContext& context) {
  const ProblemType type = problem_type(error.code);
  JsonObjectWriter problem(out);
  problem.text("type", "urn:shunt:problem:" + error.code.to_string());
  problem.text("title", type.title);
  problem.number("status", type.status);
  problem.text("detail", bounded_message(error));
  problem.text("code", error.code);
  problem.boolean("retryable", error.is_retryable());
  if (!context.instance.empty()) problem.text("instance", context.instance);
  for (const auto& [name, value] : error.details) {
    if (is_reserved(name) || (name == "generation" && context.generation != nullptr)) continue;
    append_bounded(problem.begin(std::string_view(name)), value);
  }
  if (context.generation != nullptr) append_record_json(problem.begin("generation"), *context.generation);
  problem.close();
}

void set_problem(http::Response& response, const Error& error, const ProblemContext& context) {
  if (response.write_error != nullptr) return response.write_error(response, error);
  response.replace_body(problem_type(error.code).status, "application/problem+json");
  append_problem(response.body, error, context);
}

}  // namespace shunt::api
