#include "shunt/generation/url_hosts.hpp"

#include <algorithm>

namespace shunt::generation {
namespace {

// RFC 1035, 2.3.4.
constexpr std::size_t kMaxHostBytes = 253;

std::string lower(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return made;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

}  // namespace

std::string_view url_scheme(InputRule::Url url) noexcept {
  return url == InputRule::Url::kHttps ? "https" : "data";
}

bool is_host_pattern(std::string_view pattern) noexcept {
  if (pattern.starts_with("*.")) pattern.remove_prefix(2);
  return !pattern.empty() && pattern.size() <= kMaxHostBytes && !pattern.starts_with('.') &&
         !pattern.ends_with('.') && std::ranges::all_of(pattern, is_host_character);
}

bool is_host_in(std::string_view host, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string name = lower(host);
  return std::ranges::any_of(patterns, [&name](const std::string& each) {
    const std::string pattern = lower(each);
    if (!pattern.starts_with("*.")) return name == pattern;
    return name.size() > pattern.size() - 1 && name.ends_with(std::string_view(pattern).substr(1));
  });
}

}  // namespace shunt::generation
