#include "shunt/http/url.hpp"

#include <curl/curl.h>

#include <charconv>
#include <memory>

namespace shunt::http {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
  return text;
}

}  // namespace

std::string resolve_reference(const std::string& base, const std::string& reference) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (reference.empty() || curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) return {};
  if (curl_url_set(url.get(), CURLUPART_URL, reference.c_str(), 0) != CURLUE_OK) return {};
  return part_of(url.get(), CURLUPART_URL);
}

std::optional<Url> parse_url(const std::string& text) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return std::nullopt;
  Url made;
  made.scheme = part_of(url.get(), CURLUPART_SCHEME);
  made.host = part_of(url.get(), CURLUPART_HOST);
  if (made.host.starts_with('[')) made.host = made.host.substr(1, made.host.size() - 2);
  const std::string port = part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), made.port);
  made.has_login =
      !part_of(url.get(), CURLUPART_USER).empty() || !part_of(url.get(), CURLUPART_PASSWORD).empty();
  made.has_query = !part_of(url.get(), CURLUPART_QUERY).empty();
  made.has_fragment = !part_of(url.get(), CURLUPART_FRAGMENT).empty();
  return made;
}

}  // namespace shunt::http
