// Envelopes: what a queue hands to a worker, whoever wrote it. Checks that what is decoded encodes to a form
// that stays as it is, that nothing is lost on the way, and that a refusal names the member.
#include "shunt/base/json.hpp"
#include "shunt/generation/envelope.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto envelope = decode_envelope(text);
  if (!envelope) {
    check(!envelope.error().code.empty() && !envelope.error().message.empty(), "a refusal says why");
    check(is_valid_utf8(envelope.error().message), "a refusal can be shown");
    return 0;
  }
  check(parse_json(text).ok(), "what is decoded is JSON");
  const auto canonical = encode_envelope(*envelope);
  check(canonical.ok(), "what was decoded can be encoded");
  const auto again = decode_envelope(*canonical);
  check(again.ok(), "what was encoded can be decoded");
  const auto twice = encode_envelope(*again);
  check(twice.ok() && *twice == *canonical, "the canonical form of a canonical form is itself");
  check(request_fingerprint(again->request) == request_fingerprint(envelope->request), "the same payload");
  check(again->id == envelope->id && again->created_at == envelope->created_at &&
            again->deadline == envelope->deadline &&
            to_json_text(again->request.input) == to_json_text(envelope->request.input) &&
            again->request.files == envelope->request.files &&
            to_json_text(Json(again->unknown)) == to_json_text(Json(envelope->unknown)),
        "nothing is lost");
  check(decode_envelope(encode_head(*envelope)).ok(), "the head is an envelope");
  return 0;
}
