#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "batches/batch.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::batches {

// What became of a line: an answer, whatever its status, or the reason why it was not run.
struct LineResult {
  std::uint64_t line = 0;
  std::string custom_id;
  struct Answer {
    int status = 200;
    std::string request_id;
    std::string body;  // JSON
  };
  std::optional<Answer> answer{};
  std::string error_code{};  // of a line without an answer
  std::string error_message{};

  [[nodiscard]] bool succeeded() const noexcept {
    return answer && answer->status >= 200 && answer->status < 300;
  }
};

// "batch_req_" and 32 hex digits: those of the batch, cut, and the number of the line, so that a result tells
// which line it is of.
[[nodiscard]] std::string line_id(std::string_view batch_id, std::uint64_t line);

// The line of an output or error file, with its end.
void append_line_result(std::string& out, std::string_view batch_id, const LineResult& result);

// What a line of such a file, which lies where others may write, says of the batch's progress.
struct RecordedLine {
  std::uint64_t line = 0;
  BatchUsage usage;
};
// nullopt: it is no result of this batch's. Pure.
[[nodiscard]] std::optional<RecordedLine> read_recorded_line(std::string_view text,
                                                             std::string_view batch_id);

// The tokens that an answer of OpenAI's calls counts.
[[nodiscard]] BatchUsage usage_of(const Json& body);

}  // namespace shunt::api::batches
