#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"

namespace shunt::api::batches {

enum class BatchStatus {
  kValidating,
  kFailed,
  kInProgress,
  kFinalizing,
  kCompleted,
  kExpired,
  kCancelling,
  kCancelled
};
[[nodiscard]] std::string_view status_name(BatchStatus status) noexcept;  // "in_progress"
[[nodiscard]] std::optional<BatchStatus> parse_status(std::string_view name) noexcept;
[[nodiscard]] bool is_ended(BatchStatus status) noexcept;

// What is wrong with an input file, or with one of its lines.
struct BatchFault {
  std::string code;
  std::string message;
  std::string param{};                  // "": none
  std::optional<std::uint64_t> line{};  // from 1
};
// More of them help nobody.
inline constexpr std::size_t kMostFaults = 50;

struct LineCounts {
  std::uint64_t total = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
};

// Tokens of all lines together, where their models tell them.
struct BatchUsage {
  std::uint64_t input = 0;
  std::uint64_t cached = 0;  // of input
  std::uint64_t output = 0;
  std::uint64_t reasoning = 0;  // of output
  void add(const BatchUsage& other) noexcept;
};

// All that is known of a batch but its lines.
struct Batch {
  std::string id;      // "batch_" and 32 hex digits
  std::string caller;  // whose it is; "" = anonymous
  std::string endpoint;
  std::string input_file_id;
  std::string input_sha256;
  std::uint64_t input_bytes = 0;
  JsonObject metadata;
  std::optional<std::int64_t> output_expires_after_s;

  BatchStatus status = BatchStatus::kValidating;
  std::vector<BatchFault> faults;
  std::string output_file_id;  // "": there is none
  std::string error_file_id;
  LineCounts counts;
  BatchUsage usage;

  WallTime created_at{};
  WallTime expires_at{};
  std::optional<WallTime> in_progress_at;
  std::optional<WallTime> finalizing_at;
  std::optional<WallTime> cancelling_at;
  // When it ended, whichever way.
  std::optional<WallTime> ended_at;
};

// Nothing else becomes part of a path.
[[nodiscard]] bool is_batch_id(std::string_view text) noexcept;

// What happens to a batch.
enum class BatchEvent {
  kValidated,      // every line of the input can be run
  kRefused,        // `faults` say why not
  kAllLinesEnded,  // each has its result
  kCancelAsked,    // its caller wants it to end
  kFilesMade,      // all results are in files; those of lines that were not run, too
  kFilesMadeLate,  // the same, since its time is over
};
// Changes the batch and is true, or leaves it and is false where that cannot happen to it.
[[nodiscard]] bool apply(Batch& batch, BatchEvent event, WallTime now);

// Notes that the input is not there any more: what was done of it is worth having, what was not cannot be
// done. Each process that goes on with the batch finds that out anew; it is said once.
void note_input_gone(Batch& batch, const std::string& message);

// What whoever runs the batch does next.
enum class NextStep {
  kNothing,  // it has ended
  kValidate,
  kRunLines,
  kStopCancelled,  // lines that were not run get their error, then files are made
  kStopExpired,    // likewise
  kMakeFiles,
};
[[nodiscard]] NextStep next_step(const Batch& batch, WallTime now) noexcept;

}  // namespace shunt::api::batches
