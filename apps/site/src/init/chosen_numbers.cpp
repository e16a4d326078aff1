#include "shunt/site/chosen_numbers.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace shunt::site {

std::optional<std::vector<std::size_t>> chosen_numbers(std::string_view text, std::size_t count) {
  std::set<std::size_t> numbers;
  if (text.empty() || text == "all") {
    for (std::size_t number = 1; number <= count; ++number) numbers.insert(number);
  }
  while (text != "all" && !text.empty()) {
    const std::size_t end = std::min(text.find_first_of(", "), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    std::size_t number = 0;
    const auto [rest, failure] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool whole = failure == std::errc() && rest == word.data() + word.size();
    if (!whole || number < 1 || number > count) return std::nullopt;
    numbers.insert(number);
  }
  if (numbers.empty()) return std::nullopt;
  return std::vector<std::size_t>(numbers.begin(), numbers.end());
}

}  // namespace shunt::site
