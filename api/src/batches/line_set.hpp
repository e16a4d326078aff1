#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shunt/api/namespace.hpp"

namespace shunt::api::batches {

// Numbers of lines, a bit for each. A number beyond what files can have is never in it.
class LineSet {
 public:
  // A number has eight hex digits in the id of a result; this many fit in 16 MiB.
  static constexpr std::uint64_t kMost = std::uint64_t{1} << 27U;

  // False: it was there, or cannot be.
  bool add(std::uint64_t line) {
    if (line >= kMost || has(line)) return false;
    if (line >= bits_.size()) bits_.resize(static_cast<std::size_t>(line) + 1);
    bits_[static_cast<std::size_t>(line)] = true;
    return true;
  }
  [[nodiscard]] bool has(std::uint64_t line) const {
    return line < bits_.size() && bits_[static_cast<std::size_t>(line)];
  }

 private:
  std::vector<bool> bits_;
};

}  // namespace shunt::api::batches
