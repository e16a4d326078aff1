// What stands in /proc and in cgroups, taken apart.
#include <algorithm>
#include <charconv>
#include <vector>

#include "shunt/site/gather.hpp"

namespace shunt::site {
namespace {

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

template <typename Number>
std::optional<Number> number_of(std::string_view text, int base = 10) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  const bool whole = failure == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> listening_inode(std::string_view table, std::uint16_t port) {
  constexpr std::string_view kListens = "0A";
  constexpr std::size_t kLocal = 1;
  constexpr std::size_t kState = 3;
  constexpr std::size_t kInode = 9;
  while (!table.empty()) {
    const auto words = words_of(next_line(table));
    if (words.size() <= kInode || words[kState] != kListens) continue;
    const std::string_view local = words[kLocal];
    const auto theirs = number_of<std::uint16_t>(local.substr(local.find(':') + 1), 16);
    if (theirs == port) return number_of<std::uint64_t>(words[kInode]);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> total_memory(std::string_view meminfo) {
  while (!meminfo.empty()) {
    const auto words = words_of(next_line(meminfo));
    if (words.size() < 2 || words[0] != "MemTotal:") continue;
    const auto kibibytes = number_of<std::uint64_t>(words[1]);
    return kibibytes ? std::optional(*kibibytes << 10U) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> cgroup_limit(std::string_view memory_max) {
  return number_of<std::uint64_t>(next_line(memory_max));
}

}  // namespace shunt::site
