#pragma once

#include <cstddef>
#include <string>

#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// The last lines of what a generation has logged, `max_bytes` of them at most. A new attempt begins anew.
class LogTail {
 public:
  explicit LogTail(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void take(const GenerationEvent& event);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::size_t max_bytes_;
  std::string text_;
};

}  // namespace shunt::generation
