#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/tracing/namespace.hpp"
#include "shunt/tracing/span.hpp"

namespace shunt::tracing {

// Spans that wait, within bounds of count and memory. Those taken out count as waiting until they are
// released: the bounds hold for the batch under way too. One thread at a time.
class SpanBuffer {
 public:
  SpanBuffer(std::size_t max_spans, std::size_t max_bytes) : max_spans_(max_spans), max_bytes_(max_bytes) {}

  // False, and nothing happens, when there is no room.
  [[nodiscard]] bool push(Span&& span, SteadyTime now);
  // The oldest ones, at most `count`.
  [[nodiscard]] std::vector<Span> take(std::size_t count);
  // Those that were taken are gone.
  void release();

  [[nodiscard]] std::size_t queued() const noexcept { return queue_.size(); }
  // Counts those that were taken, too.
  [[nodiscard]] std::size_t held() const noexcept { return queue_.size() + taken_; }
  // When the oldest one that is queued came.
  [[nodiscard]] std::optional<SteadyTime> oldest() const;

 private:
  struct Entry {
    Span span;
    SteadyTime came;
    std::size_t bytes;
  };
  const std::size_t max_spans_;
  const std::size_t max_bytes_;
  std::deque<Entry> queue_;
  std::size_t bytes_ = 0;
  std::size_t taken_ = 0;
  std::size_t taken_bytes_ = 0;
};

}  // namespace shunt::tracing
