// The name of an entry that says who needs a file's bytes, as whoever may write to the folder leaves it: what
// is read is written again as the same, and its parts can harm nobody as parts of a path.
#include "file_use.hpp"

#include "shunt/base/clock.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view name = fuzz::text_of(data, size);
  const auto use = decode_use_name(name, WallTime{});
  if (!use) return 0;
  check(use->sha256.find_first_not_of("0123456789abcdef") == std::string::npos);
  check(use->holder.find('/') == std::string::npos);
  const auto again = decode_use_name(encode_use_name(*use), WallTime{});
  check(again && again->sha256 == use->sha256 && again->bytes == use->bytes && again->holder == use->holder,
        "it is read as it was written");
  return 0;
}
