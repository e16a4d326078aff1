// Names of objects as whoever may write to the bucket leaves them: what is read is written again as the same.
#include "s3_file_names.hpp"

#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view name = fuzz::text_of(data, size);
  if (const auto mark = s3::decode_holder_name(name)) check(s3::holder_name(*mark) == name, "a holder");
  if (const auto mark = s3::decode_remover_name(name)) check(s3::remover_name(*mark) == name, "a remover");
  if (const auto digest = s3::decode_object_name(name)) check(s3::object_name(*digest) == name, "an object");
  if (const auto entry = s3::decode_entry(name)) check(s3::encode_entry(*entry) == name, "an entry");
  if (const auto entry = s3::decode_entry_name(name))
    check(name.ends_with(s3::encode_entry(*entry)), "an entry");
  return 0;
}
