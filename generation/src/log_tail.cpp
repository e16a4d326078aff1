#include "shunt/generation/log_tail.hpp"

#include <variant>

namespace shunt::generation {

void LogTail::take(const GenerationEvent& event) {
  if (std::holds_alternative<event::Restarted>(event.payload)) {
    text_.clear();
    return;
  }
  const auto* const log = std::get_if<event::Log>(&event.payload);
  if (log == nullptr) return;
  text_ += log->message;
  if (!text_.ends_with('\n')) text_ += '\n';
  if (text_.size() <= max_bytes_) return;
  const std::size_t line = text_.find('\n', text_.size() - max_bytes_ - 1);
  text_.erase(0, line + 1);
}

}  // namespace shunt::generation
