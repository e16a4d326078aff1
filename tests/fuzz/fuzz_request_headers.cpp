// The headers that travel on with a generation or open the door to it: Idempotency-Key, traceparent,
// tracestate, Last-Event-ID, Authorization. Checks that what is taken keeps the rules, and that no key opens
// but the right one.
#include "admission/key_ring.hpp"
#include "representation/generation_body.hpp"
#include "representation/sse.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/json.hpp"
#include "shunt/tracing/trace_context.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

constexpr std::string_view kSecret = "correct horse";

void check_travelling(std::string_view key, std::string_view parent, std::string_view state) {
  http::Headers headers;
  headers.add("Idempotency-Key", key);
  headers.add("traceparent", parent);
  headers.add("tracestate", state);
  GenerationRequest request;
  const auto read = api::read_request_headers(headers, request);
  if (!read) {
    check(!read.error().message.empty(), "a refusal says why");
    return;
  }
  check(request.idempotency_key == key && !key.empty() && key.size() <= 255, "a key as it came");
  check(request.context.traceparent.empty() || request.context.traceparent == parent,
        "a parent as it came, or none");
  check(api::is_traceparent(parent) == !request.context.traceparent.empty(),
        "a parent that can be read is taken");
  check(is_valid_utf8(request.context.tracestate), "what travels is text");
}

void check_authorization(std::string_view header) {
  static api::KeyRing& keys = *new api::KeyRing(
      {api::ApiKey{.name = "one", .sha256_hex = sha256_hex(kSecret)}}, std::chrono::steady_clock::now());
  for (const std::string_view name : {"Authorization", "api-key", "x-api-key"}) {
    http::Headers headers;
    headers.add(name, header);
    if (keys.find(headers) != nullptr)
      check(header.find(kSecret) != std::string_view::npos, "only the key opens");
  }
}

}  // namespace

// A line each: the key, the parent, the state, the last event's id, the authorization.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  const std::string_view key = fuzz::take(rest);
  const std::string_view parent = fuzz::take(rest);
  const std::string_view state = fuzz::take(rest);
  const std::string_view last_event = fuzz::take(rest);
  check_travelling(key, parent, state);
  const auto sequence = api::parse_last_event_id(last_event);
  if (sequence) {
    const auto again = api::parse_last_event_id(std::to_string(*sequence));
    check(again.ok() && *again == *sequence, "a number comes back");
  }
  check_authorization(rest);
  return 0;
}
