// If-None-Match and If-Range. Checks that a list in which a tag stands matches it, whatever stands around it.
#include "shunt/http/entity_tag.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string header(fuzz::text_of(data, size));
  const std::string tag = "\"gen_0190163d8694739b84bc8a1f3a8ba4a1.audio.wav\"";
  const bool matches = http::matches_any_tag(header, tag);
  check(!matches || header.find('*') != std::string::npos || header.find(tag) != std::string::npos,
        "only what stands there matches");
  check(http::matches_any_tag(tag, tag) && http::matches_any_tag(" W/" + tag + " ", tag),
        "a tag matches itself");
  check(http::matches_any_tag(tag + ", " + header, tag), "the first of a list matches");
  check(http::matches_any_tag(header + ", " + tag, tag), "the last of a list matches");
  check(!http::if_range_allows(header, tag) || header.empty() || header.find(tag) != std::string::npos,
        "a range goes with its own tag");
  return 0;
}
