#include "routes/prefer_header.hpp"

#include <algorithm>

#include "shunt/http/ascii.hpp"

namespace shunt::api {
namespace {

constexpr std::chrono::seconds kLongestWait = std::chrono::hours(24);

bool is_token_character(char c) noexcept {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

// Does as take_until, but separators inside quotes do not count.
std::string_view take_unquoted_until(std::string_view& rest, char separator) noexcept {
  bool quoted = false;
  for (std::size_t at = 0; at < rest.size(); ++at) {
    if (quoted && rest[at] == '\\') {
      ++at;
    } else if (rest[at] == '"') {
      quoted = !quoted;
    } else if (rest[at] == separator && !quoted) {
      const std::string_view piece = rest.substr(0, at);
      rest.remove_prefix(at + 1);
      return piece;
    }
  }
  const std::string_view piece = rest;
  rest = {};
  return piece;
}

// A token or a quoted string without its quotes; nullopt: neither. Escapes mean nothing to the values read
// here.
std::optional<std::string_view> word(std::string_view text) noexcept {
  if (is_token(text)) return text;
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  return text.substr(1, text.size() - 2);
}

struct Preference {
  std::string_view name;
  std::string_view value;  // an empty one is as good as none
};

std::optional<Preference> read_preference(std::string_view text) noexcept {
  std::string_view rest = http::trim(take_unquoted_until(text, ';'));  // no parameter is understood
  const bool has_value = rest.find('=') != std::string_view::npos;
  Preference preference{.name = http::trim(http::take_until(rest, '=')), .value = {}};
  if (!is_token(preference.name)) return std::nullopt;
  if (!has_value) return preference;
  const auto value = word(http::trim(rest));
  if (!value) return std::nullopt;
  preference.value = *value;
  return preference;
}

std::optional<std::chrono::seconds> read_seconds(std::string_view text) noexcept {
  const bool digits =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  const auto number = http::parse_unsigned(text);
  const auto longest = static_cast<std::uint64_t>(kLongestWait.count());
  return std::chrono::seconds(std::min(number.value_or(longest), longest));  // beyond 64 bits: very long
}

}  // namespace

Preferences parse_prefer(std::string_view header) {
  Preferences found;
  bool wait_seen = false;
  while (!header.empty()) {
    const auto preference = read_preference(take_unquoted_until(header, ','));
    if (!preference) continue;
    if (http::equals_ignoring_case(preference->name, "respond-async") && preference->value.empty())
      found.respond_async = true;
    if (http::equals_ignoring_case(preference->name, "wait") && !wait_seen) {
      wait_seen = true;
      found.wait = read_seconds(preference->value);
    }
  }
  return found;
}

}  // namespace shunt::api
