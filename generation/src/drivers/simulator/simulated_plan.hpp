#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "shunt/base/result.hpp"
#include "shunt/generation/drivers/simulator.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::simulator {

// One request's share of randomness: SplitMix64 (Steele, Lea, Flood 2014), small, fast and the same on every
// platform, unlike the distributions of <random>.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next() noexcept;
  // In [0, 1).
  [[nodiscard]] double fraction() noexcept;

 private:
  std::uint64_t state_;
};

// What one generation will do, decided from the input before it starts.
struct Plan {
  std::uint64_t seed = 0;
  std::size_t tokens = 0;
  std::chrono::microseconds first_token{0};
  std::chrono::microseconds token_gap{0};
  double spread = 0;
  std::size_t result_bytes = 0;
  std::optional<std::size_t> fail_after;  // tokens
  bool instant() const noexcept { return first_token.count() == 0 && token_gap.count() == 0; }
};

// Fails with `invalid_input`, naming the member below /input.
[[nodiscard]] Result<Plan> plan_for(const Json& input, const SimulatorOptions& options);

// `mean` moved by up to `spread` of itself, each way.
[[nodiscard]] std::chrono::microseconds vary(std::chrono::microseconds mean, double spread,
                                             Random& random) noexcept;

// A word and a space.
void append_token(std::string& out, Random& random);

// `size` bytes that a compressor cannot shrink.
[[nodiscard]] std::string noise(std::size_t size, Random& random);

}  // namespace shunt::generation::simulator
