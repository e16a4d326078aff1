#include "shunt/flip/statistics.hpp"

#include <cmath>

namespace shunt::flip {
namespace {

// Quantiles of the normal distribution: 95 % and 80 %.
constexpr double kLevel = 1.6448536269514722;
constexpr double kPower = 0.8416212335729143;

double needed(double base, double rise) noexcept {
  const double raised = base + rise;
  const double pooled = (base + raised) / 2;
  const double root = kLevel * std::sqrt(2 * pooled * (1 - pooled)) +
                      kPower * std::sqrt(base * (1 - base) + raised * (1 - raised));
  return root * root / (rise * rise);
}

}  // namespace

double z_of(const Share& control, const Share& canary) noexcept {
  if (control.of == 0 || canary.of == 0) return 0;
  const auto control_jobs = static_cast<double>(control.of);
  const auto canary_jobs = static_cast<double>(canary.of);
  const double pooled = static_cast<double>(control.events + canary.events) / (control_jobs + canary_jobs);
  if (pooled <= 0 || pooled >= 1) return 0;
  return (canary.value() - control.value()) /
         std::sqrt(pooled * (1 - pooled) * (1 / control_jobs + 1 / canary_jobs));
}

std::uint64_t jobs_needed(double base, double rise) noexcept {
  return static_cast<std::uint64_t>(std::ceil(needed(base, rise)));
}

std::optional<double> smallest_detectable_rise(double base, std::uint64_t control_jobs,
                                               std::uint64_t canary_jobs) noexcept {
  if (control_jobs == 0 || canary_jobs == 0) return std::nullopt;
  const double jobs = 2 / (1 / static_cast<double>(control_jobs) + 1 / static_cast<double>(canary_jobs));
  // needed() falls as the rise grows, so that halving finds the border.
  double low = 0;
  double high = 1 - base;
  if (high <= 0 || needed(base, high) > jobs) return std::nullopt;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (needed(base, middle) > jobs ? low : high) = middle;
  }
  return high;
}

}  // namespace shunt::flip
