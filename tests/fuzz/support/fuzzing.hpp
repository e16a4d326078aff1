#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

// Targets say that they use both, whichever of them they include.
namespace shunt::base {}
namespace shunt::generation {}

// What the fuzz targets share. A target is one function, LLVMFuzzerTestOneInput; README.md has the list of
// them.
namespace shunt::fuzz {

// Ends the program when what a target promises does not hold, which is how a fuzzer learns of it.
inline void check(bool holds, const char* promise = "see the source",
                  const std::source_location& place = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: does not hold: %s\n", place.file_name(), static_cast<unsigned>(place.line()),
               promise);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Takes the text before the next `separator`, and both off `rest`; all of it when there is none.
inline std::string_view take(std::string_view& rest, char separator = '\n') {
  const std::size_t end = rest.find(separator);
  const std::string_view piece = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return piece;
}

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) lines.emplace_back(take(text));
  return lines;
}

// Calls `feed` with the text in pieces of `piece` bytes (0: in one).
template <typename Feed>
void in_pieces(std::string_view text, std::size_t piece, Feed feed) {
  if (piece == 0) piece = text.size();
  for (std::size_t at = 0; at < text.size(); at += piece) feed(text.substr(at, piece));
}

// Every byte as %XX.
inline std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    encoded.append({'%', kDigits[byte >> 4U], kDigits[byte & 15U]});
  }
  return encoded;
}

// Runs `what`, which may refuse what it is given with an `Exception`, and returns whether it did. Anything
// else that it throws is a finding.
template <typename Exception, typename What>
bool may_refuse(What what) {
  try {
    what();
    return false;
  } catch (const Exception&) {
    return true;
  }
}

}  // namespace shunt::fuzz
