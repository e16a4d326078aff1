#pragma once

#include <array>
#include <cstdint>

#include "shunt/flip/figures.hpp"
#include "shunt/flip/simulation.hpp"

namespace shunt::flip {

// Random numbers of a seed: splitmix64, which is small and the same everywhere.
class SeededDraws {
 public:
  explicit SeededDraws(std::uint64_t seed) noexcept : state_(seed) {}
  [[nodiscard]] std::uint64_t bits() noexcept;
  // From 0 to below 1.
  [[nodiscard]] double unit() noexcept { return static_cast<double>(bits() >> 11U) * 0x1p-53; }
  // How many come when so many come on average: Poisson, above 50 by the normal approximation.
  [[nodiscard]] std::uint64_t poisson(double mean) noexcept;

 private:
  std::uint64_t state_;
};

// What the sides of a rollout do in a scenario.
class SimulatedTraffic {
 public:
  explicit SimulatedTraffic(const Scenario& scenario);

  // Adds what ends in `minutes` at this weight of the canary to the figures.
  void run(double minutes, Weight weight, Figures& figures);
  [[nodiscard]] std::uint64_t poisson(double mean) noexcept { return draws_.poisson(mean); }

 private:
  // A table of as many equally likely times, each as its bucket.
  using Times = std::array<std::uint8_t, 4096>;
  static Times times_of(double median_ms, double spread);
  void run_side(double jobs, double errors, const Times& times, SideFigures& side);

  const Scenario scenario_;
  SeededDraws draws_;
  Times sync_times_;
  Times queue_times_;
};

}  // namespace shunt::flip
