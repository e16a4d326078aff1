#include "shunt/flip/latency_histogram.hpp"

#include <algorithm>
#include <cmath>

namespace shunt::flip {
namespace {

std::array<double, LatencyHistogram::kBuckets> make_borders() {
  std::array<double, LatencyHistogram::kBuckets> borders{};
  for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
    borders[i] = std::exp2(double(i) / LatencyHistogram::kPerDoubling);
  }
  borders.back() = borders[borders.size() - 2];
  return borders;
}

const std::array<double, LatencyHistogram::kBuckets>& borders() {
  static const auto made = make_borders();
  return made;
}

}  // namespace

std::size_t LatencyHistogram::bucket_of(std::chrono::milliseconds time) noexcept {
  const auto end = borders().end() - 1;  // what is above the last border has the bucket after it
  const auto at = std::lower_bound(borders().begin(), end, static_cast<double>(time.count()));
  return static_cast<std::size_t>(at - borders().begin());
}

double LatencyHistogram::border_ms(std::size_t bucket) noexcept {
  return borders()[bucket];
}

void LatencyHistogram::add(std::size_t bucket, std::uint64_t count) noexcept {
  counts_[bucket] += count;
  total_ += count;
}

void LatencyHistogram::add(const LatencyHistogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
}

std::uint64_t LatencyHistogram::above(std::size_t bucket) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = bucket + 1; i < kBuckets; ++i) sum += counts_[i];
  return sum;
}

std::optional<std::size_t> LatencyHistogram::quantile_bucket(double share) const noexcept {
  if (total_ == 0) return std::nullopt;
  const double wanted = share * static_cast<double>(total_);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    sum += counts_[i];
    if (counts_[i] > 0 && static_cast<double>(sum) >= wanted) return i;
  }
  return kBuckets - 1;
}

double LatencyHistogram::quantile_ms(double share) const noexcept {
  const auto bucket = quantile_bucket(share);
  if (!bucket) return 0;
  const double upper = border_ms(*bucket);
  const double lower = *bucket == 0 ? 0 : border_ms(*bucket - 1);
  const double before = static_cast<double>(total_ - above(*bucket) - counts_[*bucket]);
  const double within =
      (share * static_cast<double>(total_) - before) / static_cast<double>(counts_[*bucket]);
  return lower + (upper - lower) * std::clamp(within, 0.0, 1.0);
}

}  // namespace shunt::flip
