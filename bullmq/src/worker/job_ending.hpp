#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bullmq/worker.hpp"

namespace bullmq::detail {

// How a job ends, decided once; telling it to Redis may take several attempts.
struct JobEnding {
  enum class Kind {
    completed,
    failed,
    delayed,       // failed, and tried again after delay_ms
    retried,       // failed, and tried again at once
    rate_limited,  // back to wait, no attempt used
    moved,         // its processor has moved it
    put_back,      // not for this client: it comes again after delay_ms, no attempt and no start used
  };
  Kind kind = Kind::completed;
  std::string return_value;
  JobFailure failure;
  std::vector<std::string> stacktrace;
  std::int64_t delay_ms = 0;

  // It used one, so events tell of it.
  [[nodiscard]] bool is_attempt() const noexcept {
    return kind != Kind::rate_limited && kind != Kind::moved && kind != Kind::put_back;
  }
  // The script that ends the job so can hand out the next one.
  [[nodiscard]] bool can_fetch_next() const noexcept {
    return kind != Kind::retried && kind != Kind::rate_limited;
  }
};

// Redis refused before it did anything, and may not refuse later: memory is full, the server loads its data,
// is busy, cannot save.
[[nodiscard]] bool is_transient_refusal(const std::string& error_word);

}  // namespace bullmq::detail
