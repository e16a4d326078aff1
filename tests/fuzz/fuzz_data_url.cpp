// data: URLs, as a request has them in place of a file: what is read is no longer than what it came from, and
// a refusal says why. Then the same bytes as a Location header of a server that we fetch from, and as an
// address range.
#include "shunt/base/base64.hpp"
#include "shunt/http/address_ranges.hpp"
#include "shunt/http/fetch.hpp"
#include "shunt/http/url.hpp"

#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::http;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto url = parse_data_url(text);
  if (url) {
    check(url->bytes.size() <= text.size(), "nothing is added to the bytes");
    std::string whole = "data:" + url->media_type + ";base64,";
    append_base64(whole, url->bytes);
    const auto again = parse_data_url(whole);
    check(again.ok() && again->bytes == url->bytes, "the bytes are those that were written");
  } else {
    check(!url.error().message.empty(), "a refusal says why");
  }
  const std::string reference(text.substr(0, text.find('\0')));
  const std::string resolved = resolve_reference("https://example.com/a/b?c", reference);
  check(resolved.empty() || parse_url(resolved).has_value(), "what is followed is a URL");
  if (AddressRanges::is_range(text)) check(!AddressRanges({std::string(text)}).contains("nonsense"));
  return 0;
}
