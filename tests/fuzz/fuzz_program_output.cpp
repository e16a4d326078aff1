// What a program writes to its standard error. Checks that the pieces in which it comes make no difference,
// that lines keep their bound, and that progress lies between nothing and all.
#include "drivers/command/stderr_lines.hpp"

#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

constexpr std::size_t kLongest = 100;

std::vector<std::string> cut(std::string_view bytes, std::size_t piece) {
  command::LineCutter cutter(kLongest);
  std::vector<std::string> lines;
  fuzz::in_pieces(bytes, piece, [&](std::string_view part) {
    for (std::string& line : cutter.push(part)) lines.push_back(std::move(line));
  });
  if (auto last = cutter.finish()) lines.push_back(std::move(*last));
  return lines;
}

}  // namespace

// The first byte says how large the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = fuzz::text_of(data, size).substr(1);
  const auto lines = cut(bytes, 0);
  check(cut(bytes, data[0] + std::size_t{1}) == lines, "pieces make no difference");
  for (const std::string& line : lines) {
    check(!line.empty() && line.size() <= kLongest, "a line within its bound");
    check(line.find_first_of("\r\n") == std::string::npos, "a line is one");
    const auto progress = command::parse_progress(line);
    if (!progress) continue;
    check(progress->fraction >= 0 && progress->fraction <= 1, "progress is from nothing to all");
    check(line.ends_with(progress->message), "a message is the end of its line");
  }
  return 0;
}
