#pragma once

#include <chrono>
#include <string>

#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// "17h 25m", "90s", "2h": for people, to the minute above two of them.
[[nodiscard]] inline std::string time_text(std::chrono::milliseconds time) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time).count();
  if (minutes < 2)
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + 's';
  if (minutes < 60) return std::to_string(minutes) + 'm';
  const std::string hours = std::to_string(minutes / 60) + 'h';
  return minutes % 60 == 0 ? hours : hours + ' ' + std::to_string(minutes % 60) + 'm';
}

}  // namespace shunt::flip
