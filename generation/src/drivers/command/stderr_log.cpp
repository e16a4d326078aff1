#include "drivers/command/stderr_log.hpp"

#include "shunt/base/log.hpp"

namespace shunt::generation::command {
namespace {

constexpr std::size_t kFirstLines = 32;
constexpr std::size_t kLoggedLineBytes = 512;
constexpr std::size_t kTailBytes = 2048;

}  // namespace

void StderrLog::line(std::string_view displayable_line) {
  tail_.append(displayable_line).append("\n");
  if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  if (++lines_ > kFirstLines) return;
  const std::string_view shown = displayable_line.substr(0, kLoggedLineBytes);
  log::info("program.stderr", {{"id", id_}, {"model", model_}, {"line", shown}});
}

void StderrLog::finish() {
  if (lines_ <= kFirstLines) return;
  log::info("program.stderr_end", {{"id", id_}, {"model", model_}, {"lines", lines_}, {"last", tail_}});
  lines_ = 0;
}

}  // namespace shunt::generation::command
