// The tolerant reader of upstreams' JSON against the strict one: what the strict one reads, both read alike;
// and whatever is read can be written as strict JSON again.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "drivers/openai/json_repair.hpp"
#include "drivers/openai/reported_error.hpp"
#include "drivers/openai/upstream_json.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using namespace shunt::generation::openai;
using shunt::fuzz::check;

// Everything that was kept stands in the document too, with the same value. Below the members that are chosen
// nothing is left out, short of the bounds.
void check_kept(const Json& kept, const Json& document, int depth) {
  if (depth > 40) return;
  if (kept.is_object()) {
    check(document.is_object());
    for (const auto& [key, value] : kept.get_object()) {
      const Json* original = document.get_object().if_contains(key);
      check(original != nullptr);
      check_kept(value, *original, depth + 1);
    }
  } else if (kept.is_array()) {
    check(document.is_array());
    check(kept.get_array().size() <= document.get_array().size());
    if (kept.get_array().size() != document.get_array().size()) return;
    for (std::size_t i = 0; i < kept.get_array().size(); ++i) {
      check_kept(kept.get_array()[i], document.get_array()[i], depth + 1);
    }
  } else if (kept.is_string() && document.is_double()) {
    // Too large to be written as a number again.
    check(std::abs(document.get_double()) > static_cast<double>(kMaxSafeInteger));
  } else {
    check(to_json_text(kept) == to_json_text(document));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = read_upstream_json(text);
  const auto strict = parse_json(text);
  if (strict) {
    check(read.ok() && read->documents.size() == 1 && !read->done && !read->excess);
    check_kept(read->documents.front(), *strict, 0);
    check(!repaired_json(text));
  }
  if (!read) return 0;
  for (const Json& document : read->documents) {
    const Json valid = with_valid_texts(document);
    check(check_json(valid).ok());
    check(parse_json(to_json_text(valid)).ok());
    (void)words_of(document);
  }
  // What is no JSON even then may have new words in it: "naNaN" becomes "nanull".
  const auto repaired = repaired_json(text);
  if (repaired && parse_json(*repaired)) check(!repaired_json(*repaired));
  return 0;
}
