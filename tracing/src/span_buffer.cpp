#include "span_buffer.hpp"

#include <algorithm>
#include <utility>

namespace shunt::tracing {

bool SpanBuffer::push(Span&& span, SteadyTime now) {
  const std::size_t bytes = approximate_bytes(span);
  if (held() >= max_spans_ || bytes > max_bytes_ - std::min(max_bytes_, bytes_)) return false;
  bytes_ += bytes;
  queue_.push_back({std::move(span), now, bytes});
  return true;
}

std::vector<Span> SpanBuffer::take(std::size_t count) {
  std::vector<Span> batch;
  batch.reserve(std::min(count, queue_.size()));
  while (!queue_.empty() && batch.size() < count) {
    batch.push_back(std::move(queue_.front().span));
    taken_bytes_ += queue_.front().bytes;
    ++taken_;
    queue_.pop_front();
  }
  return batch;
}

void SpanBuffer::release() {
  bytes_ -= std::exchange(taken_bytes_, 0);
  taken_ = 0;
}

std::optional<SteadyTime> SpanBuffer::oldest() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.front().came;
}

}  // namespace shunt::tracing
