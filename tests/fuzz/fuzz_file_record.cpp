// The record of an uploaded file, as whoever may write to the folder leaves it: what is read is written and
// read again as the same, and can harm nobody as a part of a path.
#include "shunt/generation/file_store.hpp"

#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto record = decode_file_record(fuzz::text_of(data, size));
  if (!record) {
    check(!record.error().message.empty());
    return 0;
  }
  check(is_file_id(record->id));
  check(record->sha256.find_first_not_of("0123456789abcdef") == std::string::npos);
  const std::string text = encode_file_record(*record);
  const auto again = decode_file_record(text);
  check(again.ok() && encode_file_record(*again) == text, "it is read as it was written");
  return 0;
}
