// Inputs whose messages name files by their ids: what is found is where it is said to be and can be replaced
// there, and the driver sends none that it was not given.
#include "drivers/openai/file_parts.hpp"
#include "shunt/generation/message_files.hpp"

#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto parsed = parse_json(fuzz::text_of(data, size));
  if (!parsed) return 0;
  const auto named = message_files(*parsed);
  if (!named) {
    check(!named.error().message.empty() && named.error().details.contains("field"),
          "a refusal names a part");
    return 0;
  }
  InputFiles files;
  for (const MessageFile& each : *named) {
    check(is_file_id(each.id), "nothing else becomes part of a path");
    check(named_in(*parsed, each).at("file_id").as_string() == std::string_view(each.id),
          "it is where it is said to be");
    files[each.id].bytes = ~std::uint64_t{0};
    files[each.id].media_type = "image/png";
  }
  constexpr std::size_t kLimit = 1024;
  check(openai::check_message_files(*parsed, {}, kLimit).ok() == named->empty(),
        "what was not given is not sent");
  check(openai::check_message_files(*parsed, files, kLimit).ok() == named->empty(), "no sum of sizes wraps");
  return 0;
}
