#include "shunt/http/entity_tag.hpp"

#include "shunt/http/ascii.hpp"

namespace shunt::http {

bool matches_any_tag(std::string_view header, std::string_view tag) noexcept {
  if (trim(header) == "*") return true;
  // No tag of ours contains a comma, so splitting at commas can only miss tags that are not ours.
  while (!header.empty()) {
    std::string_view candidate = trim(take_until(header, ','));
    if (candidate.starts_with("W/")) candidate.remove_prefix(2);
    if (candidate == tag) return true;
  }
  return false;
}

bool if_range_allows(std::string_view header, std::string_view tag) noexcept {
  return header.empty() || trim(header) == tag;
}

}  // namespace shunt::http
