#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "batches/batch.hpp"
#include "batches/line_reader.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"

namespace shunt::api::batches {

struct CheckLimits {
  std::uint64_t max_lines = 50'000;
  JsonLimits json{};
};

// Whether the lines of an input file can be run: each by itself, and all together. Holds 16 bytes for each
// line. Not thread-safe.
class BatchCheck {
 public:
  BatchCheck(std::string endpoint, const CheckLimits& limits)
      : endpoint_(std::move(endpoint)), limits_(limits) {}

  // False: it has faults enough, or too many lines, and need not be read to its end.
  [[nodiscard]] bool take(const FileLine& line);
  // Behind the last line.
  void finish();

  // Empty: all can be run. At most kMostFaults.
  [[nodiscard]] const std::vector<BatchFault>& faults() const noexcept { return faults_; }
  [[nodiscard]] std::uint64_t lines() const noexcept { return lines_; }

 private:
  // Of a digest that nobody can make two texts for.
  using Known = std::array<char, 16>;
  struct Hash {
    std::size_t operator()(const Known& known) const noexcept;
  };

  const std::string endpoint_;
  const CheckLimits limits_;
  std::unordered_set<Known, Hash> custom_ids_;
  std::vector<BatchFault> faults_;
  std::uint64_t lines_ = 0;
};

}  // namespace shunt::api::batches
