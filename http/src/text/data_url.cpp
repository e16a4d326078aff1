#include "shunt/base/base64.hpp"
#include "shunt/http/ascii.hpp"
#include "shunt/http/fetch.hpp"
#include "shunt/http/request_target.hpp"

namespace shunt::http {
namespace {

Error no_data_url(std::string message) {
  return {kNotFetched, "it is no data: URL: " + std::move(message)};
}

}  // namespace

Result<DataUrl> parse_data_url(std::string_view url) {
  constexpr std::string_view kScheme = "data:";
  constexpr std::string_view kBase64 = ";base64";
  if (url.size() < kScheme.size() || !equals_ignoring_case(url.substr(0, kScheme.size()), kScheme)) {
    return no_data_url("it must begin with \"data:\"");
  }
  url.remove_prefix(kScheme.size());
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos) return no_data_url("it has no comma before its data");
  std::string_view type = url.substr(0, comma);
  const std::string_view data = url.substr(comma + 1);
  const bool base64 = type.size() >= kBase64.size() &&
                      equals_ignoring_case(type.substr(type.size() - kBase64.size()), kBase64);
  if (base64) type.remove_suffix(kBase64.size());
  DataUrl made{.media_type = type.empty() || type.starts_with(';') ? "text/plain" + std::string(type)
                                                                   : std::string(type),
               .bytes = {}};
  if (!base64) {
    if (!percent_decode(data, made.bytes)) return no_data_url("its percent-encoding is broken");
    return made;
  }
  auto bytes = parse_base64(data);
  if (!bytes) return no_data_url("its base64 is broken");
  made.bytes = std::move(*bytes);
  return made;
}

}  // namespace shunt::http
