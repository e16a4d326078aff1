#include "batches/batch_check.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "batches/batch_line.hpp"
#include "batches/line_set.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/hex.hpp"

namespace shunt::api::batches {

std::size_t BatchCheck::Hash::operator()(const Known& known) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, known.data(), sizeof(hash));
  return hash;
}

bool BatchCheck::take(const FileLine& line) {
  if (line.number >= LineSet::kMost) {
    faults_.push_back(
        {.code = "too_many_lines", .message = "the file has too many empty lines", .line = line.number});
    return false;
  }
  if (++lines_ > limits_.max_lines) {
    faults_.push_back({.code = "too_many_lines",
                       .message = "the file has more than " + std::to_string(limits_.max_lines) +
                                  " lines (batches.max_lines)",
                       .line = line.number});
    return false;
  }
  auto read = read_batch_line(line, endpoint_, limits_.json);
  if (auto* const fault = std::get_if<BatchFault>(&read)) {
    faults_.push_back(std::move(*fault));
    return faults_.size() < kMostFaults;
  }
  const std::string& custom_id = std::get<BatchLine>(read).custom_id;
  const std::string digest = sha256_hex(custom_id);
  Known known{};
  for (std::size_t i = 0; i < known.size(); ++i) {
    known[i] = static_cast<char>(*parse_hex(std::string_view(digest).substr(2 * i, 2)));
  }
  if (!custom_ids_.insert(known).second) {
    faults_.push_back({.code = "duplicate_custom_id",
                       .message = "an earlier line has the custom_id \"" + excerpt(custom_id) + "\", too",
                       .param = "custom_id",
                       .line = line.number});
  }
  return faults_.size() < kMostFaults;
}

void BatchCheck::finish() {
  if (lines_ == 0 && faults_.empty()) {
    faults_.push_back({.code = "empty_file", .message = "the input file has no lines"});
  }
}

}  // namespace shunt::api::batches
