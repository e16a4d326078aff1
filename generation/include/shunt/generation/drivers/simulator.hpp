#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "shunt/generation/generator.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// A generator that generates nothing: it plays the timing and the failures of a real one, for load tests and
// for rehearsing the flip. Everything follows from the seed, so two runs of one request are equal.
struct SimulatorOptions {
  std::size_t tokens = 32;                           // overridden by input.tokens
  std::chrono::microseconds first_token{200'000};    // time to first token
  std::chrono::microseconds token_gap{20'000};       // between tokens
  double spread = 0.2;                               // both times vary by up to this share, each way
  double failure_rate = 0;                           // share of generations that fail part of the way
  std::size_t result_bytes = 0;                      // > 0: an artifact of this size as well
  std::size_t max_tokens = 100'000;                  // upper bound of input.tokens
  std::size_t max_result_bytes = 256 * 1024 * 1024;  // and of input.result_bytes
};

// Input: {"prompt": text, "seed"?, "tokens"?, "first_token_ms"?, "token_gap_ms"?, "failure_rate"?,
// "result_bytes"?}; the optional members override the options. Result: {"tokens": n, "simulated": true}.
[[nodiscard]] std::unique_ptr<Generator> make_simulator(SimulatorOptions options);

}  // namespace shunt::generation
