#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "shunt/base/clock.hpp"
#include "shunt/tracing/namespace.hpp"
#include "shunt/tracing/span_exporter.hpp"

namespace shunt::tracing {

// ---- When a batch goes.

struct Waiting {
  std::size_t spans = 0;
  std::optional<SteadyTime> oldest{};
  bool stopping = false;
};
// When the next batch is due: with a full batch, or when stopping, it is the oldest span's own time, which
// has passed. Nothing: not before another span comes.
[[nodiscard]] std::optional<SteadyTime> batch_due(const Waiting& waiting, const ExporterOptions& options);

// ---- What became of a request.

struct Answer {
  int status = 0;  // 0: there was none
  std::string body{};
  std::string retry_after{};
  std::string problem{};  // why there was none
};

enum class Verdict {
  kDelivered,
  kRefused,  // the same would be refused again
  kAgain,    // no answer, or one that OTLP says to try again after: 429, 502, 503, 504
};
[[nodiscard]] Verdict judge(const Answer& answer) noexcept;

// ---- When it is sent again.

struct Failure {
  std::size_t in_a_row = 1;  // requests that failed since one was delivered, this one included
  std::string_view retry_after{};
  double random = 0;  // in [0, 1)
};
// Doubles with each failure in a row, half of it random, up to max_backoff; a Retry-After in seconds counts
// instead, up to max_backoff too.
[[nodiscard]] std::chrono::milliseconds pause_after(const Failure& failure, const ExporterOptions& options);

}  // namespace shunt::tracing
