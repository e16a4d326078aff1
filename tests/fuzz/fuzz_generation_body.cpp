// Bodies of POST /v1/generations and of a cancel. Checks that a body that is taken makes an envelope that can
// travel, and that a refusal names what was wrong in words that can be sent back.
#include "representation/generation_body.hpp"
#include "shunt/base/json.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

void check_travels(GenerationRequest request) {
  Envelope envelope;
  static GenerationIdSource& ids = *new GenerationIdSource(system_clock());
  envelope.id = ids.next();
  envelope.request = std::move(request);
  envelope.admission = {"sync", "default"};
  const auto text = encode_envelope(envelope);
  check(text.ok(), "what was taken can be sealed");
  const auto back = decode_envelope(*text);
  check(back.ok(), "what was sealed can be opened");
  check(request_fingerprint(back->request) == request_fingerprint(envelope.request), "the same payload");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::Request request;
  request.body = fuzz::text_of(data, size);
  const auto body = api::decode_generation_body(request, api::BodyLimits{});
  if (body) {
    check_travels(body->request);
  } else {
    check(!body.error().message.empty() && is_valid_utf8(body.error().message), "a refusal can be shown");
    check(!body.error().is_retryable(), "the same body is refused again");
  }
  const auto reason = api::decode_cancel_body(request.body, api::BodyLimits{});
  if (reason) check(is_valid_utf8(*reason), "a reason is text");
  return 0;
}
