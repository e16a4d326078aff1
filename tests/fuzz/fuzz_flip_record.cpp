// Records of the flip: what Redis or a disk has, whoever wrote it. Checks that what is read comes back from
// its own text, that its weight is one of its plan, and that a refusal can be shown.
#include "shunt/base/json.hpp"
#include "shunt/flip/record.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::flip;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto record = parse_record(fuzz::text_of(data, size));
  if (!record) {
    check(!record.error().code.empty() && !record.error().message.empty(), "a refusal says why");
    check(is_valid_utf8(record.error().message), "a refusal can be shown");
    return 0;
  }
  const std::string text = record_text(*record);
  const auto again = parse_record(text);
  check(again.ok() && *again == *record, "what was read can be written and read again");
  check(record_text(*again) == text, "the canonical form of a canonical form is itself");
  check(weight_of(*record) <= Weight::all(), "a weight is a share");
  check(acting_state(*record) != FlipState::kHeld, "a held fleet acts as it did before");
  return 0;
}
