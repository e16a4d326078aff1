#pragma once

#include <random>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// In [0, 1), for jitter and choices by chance.
inline double random_fraction() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<>(0, 1)(generator);
}

}  // namespace shunt::generation
