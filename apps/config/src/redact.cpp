#include "shunt/config/redact.hpp"

#include <algorithm>

#include "value_kinds.hpp"

namespace shunt::config {
namespace {

// RFC 3986, 3.1. What else stands in front of "://" may be a login.
bool is_scheme(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+-.").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string redacted_url(std::string_view url) {
  if (url.empty()) return {};
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos || !is_scheme(url.substr(0, scheme_end))) return "(set)";
  std::string shown(url.substr(0, scheme_end + 3));
  std::string_view rest = url.substr(scheme_end + 3);

  std::string_view query;
  if (const std::size_t at = rest.find_first_of("?#"); at != std::string_view::npos) {
    query = rest.substr(at);
    rest = rest.substr(0, at);
  }
  // A password may hold '/' and '@' unescaped: everything up to the last '@' is taken for it.
  const std::size_t user_end =
      query.find('@') == std::string_view::npos ? rest.rfind('@') : std::string_view::npos;
  if (query.find('@') != std::string_view::npos) return shown + "(set)";
  if (user_end != std::string_view::npos) {
    // Without a ':' it may be a user or, as some clients read it, a password.
    const std::string_view user = rest.substr(0, user_end);
    const std::size_t colon = user.find(':');
    shown += colon == std::string_view::npos ? "***@" : std::string(user.substr(0, colon)) + ":***@";
    rest = rest.substr(user_end + 1);
  }
  shown += rest;
  if (!query.empty()) shown += "?***";
  return shown;
}

std::string names_alone(const std::map<std::string, std::string>& texts) {
  auto shown = texts;
  for (auto& [name, value] : shown) value = "(set)";
  return kind::TextMap{}.show(shown);
}

}  // namespace shunt::config
