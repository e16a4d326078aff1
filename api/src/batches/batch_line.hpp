#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "batches/batch.hpp"
#include "batches/line_reader.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"

namespace shunt::api::batches {

inline constexpr std::size_t kMaxCustomIdBytes = 512;

// A line of an input file that can be run: {"custom_id", "method", "url", "body"}.
struct BatchLine {
  std::uint64_t number = 0;
  std::string custom_id{};
  JsonObject body{};
};

// The line, or what is wrong with it. Strict: what it has beside the four members is refused. `endpoint` is
// the batch's. Pure.
[[nodiscard]] std::variant<BatchLine, BatchFault> read_batch_line(const FileLine& line,
                                                                  std::string_view endpoint,
                                                                  const JsonLimits& limits);

}  // namespace shunt::api::batches
