#include "simulated_traffic.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace shunt::flip {

static_assert(LatencyHistogram::kBuckets <= 256, "a table of times has a byte for each");

std::uint64_t SeededDraws::bits() noexcept {
  std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ mixed >> 30U) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ mixed >> 27U) * 0x94d049bb133111ebU;
  return mixed ^ mixed >> 31U;
}

std::uint64_t SeededDraws::poisson(double mean) noexcept {
  if (mean <= 0) return 0;
  if (mean > 50) {
    const double normal = std::sqrt(-2 * std::log(1 - unit())) * std::cos(2 * std::numbers::pi * unit());
    return static_cast<std::uint64_t>(std::max(0.0, std::round(mean + std::sqrt(mean) * normal)));
  }
  // Knuth's way: factors are drawn until their product is below e^-mean.
  const double bound = std::exp(-mean);
  std::uint64_t count = 0;
  for (double product = unit(); product > bound; product *= unit()) ++count;
  return count;
}

SimulatedTraffic::SimulatedTraffic(const Scenario& scenario)
    : scenario_(scenario),
      draws_(scenario.seed),
      sync_times_(times_of(static_cast<double>(scenario.median.count()), scenario.spread)),
      queue_times_(
          times_of(static_cast<double>(scenario.median.count()) * scenario.then_slower, scenario.spread)) {}

SimulatedTraffic::Times SimulatedTraffic::times_of(double median_ms, double spread) {
  const auto share_below = [&](double ms) {
    return 0.5 * std::erfc(-std::log(ms / median_ms) / (spread * std::numbers::sqrt2));
  };
  Times times{};
  std::size_t bucket = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(times.size());
    while (bucket + 1 < LatencyHistogram::kBuckets &&
           share_below(LatencyHistogram::border_ms(bucket)) < share) {
      ++bucket;
    }
    times[i] = static_cast<std::uint8_t>(bucket);
  }
  return times;
}

void SimulatedTraffic::run(double minutes, Weight weight, Figures& figures) {
  const double jobs = scenario_.per_minute * minutes;
  const bool changed = weight >= scenario_.then_from;
  const double errors = changed ? scenario_.then_errors.value_or(scenario_.errors) : scenario_.errors;
  run_side(jobs * weight.fraction(), errors, changed ? queue_times_ : sync_times_, figures.canary);
  // The buckets of the control: as many as the canary's, or what is left.
  run_side(jobs * std::min(weight.fraction(), 1 - weight.fraction()), scenario_.errors, sync_times_,
           figures.control);
}

void SimulatedTraffic::run_side(double jobs, double errors, const Times& times, SideFigures& side) {
  const std::uint64_t count = draws_.poisson(jobs);
  const auto failing = static_cast<std::uint64_t>(std::clamp(errors, 0.0, 1.0) * 0x1p52);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t draw = draws_.bits();
    side.total.add(times[draw & 4095U]);
    if (draw >> 12U < failing) ++side.errors;
  }
  side.jobs += count;
}

}  // namespace shunt::flip
