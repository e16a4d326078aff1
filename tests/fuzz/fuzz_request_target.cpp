// Request targets, as a client writes them into its first line. Checks that segments written again lead to
// the same route, that what is decoded is text, and that a query has the parameters that it had.
#include "shunt/base/json.hpp"
#include "shunt/http/request_target.hpp"
#include "support/fuzzing.hpp"
#include "surface/route_table.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

void check_segments(const http::RequestTarget& target) {
  std::string written;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const std::string_view segment = target.segment(i);
    check(is_valid_utf8(segment) && segment.find('\0') == std::string_view::npos, "a segment is text");
    written += '/' + fuzz::percent_encoded(segment);
  }
  if (target.size() == 0) return;
  http::RequestTarget again;
  check(again.parse(written).ok() && again.size() == target.size(), "what was written again is understood");
  for (std::size_t i = 0; i < target.size(); ++i)
    check(again.segment(i) == target.segment(i), "the same segments");
  for (const std::string_view method : {"GET", "HEAD", "POST", "DELETE", "PATCH"}) {
    const auto match = api::match_route(method, target);
    check(match.route == api::match_route(method, again).route, "the same route");
    check(match.route == nullptr || match.path_known || !api::allowed_methods(target).empty(),
          "a path with methods");
  }
}

void check_query(std::string_view query) {
  const auto parameters = http::parse_query(query);
  if (!parameters) return;
  std::string written;
  for (const auto& [name, value] : *parameters) {
    check(is_valid_utf8(name) && is_valid_utf8(value), "a parameter is text");
    if (!written.empty()) written += '&';
    written += fuzz::percent_encoded(name) + '=' + fuzz::percent_encoded(value);
  }
  const auto again = http::parse_query(written);
  check(again.ok() && *again == *parameters, "the same parameters");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check_query(text);
  http::RequestTarget target;
  const auto parsed = target.parse(text);
  if (!parsed) {
    check(!parsed.error().message.empty(), "a refusal says why");
    return 0;
  }
  check(target.asterisk() == (text == "*"), "an asterisk is one");
  check_segments(target);
  check_query(target.query());
  return 0;
}
