#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "shunt/api/namespace.hpp"

namespace shunt::api::batches {

// Whether the batch still begins lines; not when all that run are about to be stopped.
enum class LinesGoOn { kYes, kNo };

// Which of the lines that wait for room asks again when another one has ended, which leaves room for one: the
// first; nullopt: none. `waiting` is in the order of the file. A generation that would begin now and be
// cancelled at once is not begun. Pure.
[[nodiscard]] inline std::optional<std::uint64_t> line_to_ask_again(std::span<const std::uint64_t> waiting,
                                                                    LinesGoOn go_on) {
  if (waiting.empty() || go_on == LinesGoOn::kNo) return std::nullopt;
  return waiting.front();
}

}  // namespace shunt::api::batches
