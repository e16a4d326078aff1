// The record of a batch, as whoever may write to the folder leaves it: what is read is written and read again
// as the same, can harm nobody as a part of a path, and can be shown.
#include "batches/batch_object.hpp"
#include "batches/batch_record.hpp"
#include "shunt/base/json.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::api::batches;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto batch = decode_batch(fuzz::text_of(data, size));
  if (!batch) {
    check(!batch.error().message.empty());
    return 0;
  }
  check(is_batch_id(batch->id));
  const std::string text = encode_batch(*batch);
  const auto again = decode_batch(text);
  check(again.ok() && encode_batch(*again) == text, "it is read as it was written");
  std::string shown;
  append_batch_object(shown, *batch, true);
  check(parse_json(shown).ok(), "what is shown is JSON");
  return 0;
}
