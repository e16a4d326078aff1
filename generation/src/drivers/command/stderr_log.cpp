#include "drivers/command/stderr_log.hpp"

#include "shunt/base/json.hpp"
#include "shunt/base/log.hpp"

namespace shunt::command {
namespace {

constexpr std::size_t kFirstLines = 32;
constexpr std::size_t kLoggedLineBytes = 512;
constexpr std::size_t kTailBytes = 2048;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

std::string printable(std::string_view line) {
  const std::string valid = to_valid_utf8(line);
  std::string text;
  text.reserve(valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    const bool c1 = byte == 0xC2U && i + 1 < valid.size() && static_cast<unsigned char>(valid[i + 1]) < 0xA0U;
    if (byte == '\t') {
      text += ' ';
    } else if (byte < 0x20U || byte == 0x7FU || c1) {
      text += kReplacement;
      if (c1) ++i;
    } else {
      text += valid[i];
    }
  }
  return text;
}

void StderrLog::line(std::string_view printable_line) {
  tail_.append(printable_line).append("\n");
  if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  if (++lines_ > kFirstLines) return;
  const std::string_view shown = printable_line.substr(0, kLoggedLineBytes);
  log::info("program.stderr", {{"id", id_}, {"model", model_}, {"line", shown}});
}

void StderrLog::finish() {
  if (lines_ <= kFirstLines) return;
  log::info("program.stderr_end", {{"id", id_}, {"model", model_}, {"lines", lines_}, {"last", tail_}});
  lines_ = 0;
}

}  // namespace shunt::command
