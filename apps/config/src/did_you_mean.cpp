#include "shunt/config/did_you_mean.hpp"

#include <algorithm>
#include <numeric>

#include "node.hpp"

namespace shunt::config {
namespace {

// Edits that turn `a` into `b`: one letter inserted, left out or replaced, or two neighbours swapped.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back(b.size() + 1);
  std::vector<std::size_t> back(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(back.begin(), back.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = back[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back.back();
}

}  // namespace

std::string nearest(std::string_view typed, const std::vector<std::string>& known) {
  // A third of the word may be wrong; nobody types a 64-letter key, and the table is quadratic.
  constexpr std::size_t kMaxTyped = 64;
  if (typed.empty() || typed.size() > kMaxTyped) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const std::string& word : known) {
    const std::size_t edits = distance(typed, word);
    if (edits < best_distance) {
      best_distance = edits;
      best = word;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known) {
  const std::string word = nearest(typed, known);
  return word.empty() ? "" : "; did you mean " + in_quotes(word) + '?';
}

}  // namespace shunt::config
