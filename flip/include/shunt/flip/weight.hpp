#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// The share of the keys that goes through the queue, in hundredths of a percent: 0 to 10,000. Integers, so
// that every process of a fleet and every language that reads a record computes the same bucket border.
class Weight {
 public:
  static constexpr std::uint32_t kWhole = 10'000;

  constexpr Weight() noexcept = default;
  [[nodiscard]] static constexpr std::optional<Weight> of_hundredths(std::int64_t hundredths) noexcept {
    if (hundredths < 0 || hundredths > kWhole) return std::nullopt;
    return Weight(static_cast<std::uint32_t>(hundredths));
  }
  [[nodiscard]] static constexpr Weight none() noexcept { return Weight(0); }
  [[nodiscard]] static constexpr Weight all() noexcept { return Weight(kWhole); }
  // A literal; it does not compile above 100 %.
  [[nodiscard]] static consteval Weight percent(std::uint32_t percent) {
    if (percent > 100) throw "a weight is at most 100 %";
    return Weight(percent * 100);
  }
  // "25%", "12.5%", "0.01%": at most two digits after the point. nullopt for every other text.
  [[nodiscard]] static std::optional<Weight> parse(std::string_view text) noexcept;

  [[nodiscard]] constexpr std::uint32_t hundredths() const noexcept { return hundredths_; }
  [[nodiscard]] constexpr double fraction() const noexcept { return double(hundredths_) / kWhole; }
  // "12.5%": the shortest text that parse() reads back equal.
  [[nodiscard]] std::string text() const;

  [[nodiscard]] constexpr auto operator<=>(const Weight&) const noexcept = default;

 private:
  explicit constexpr Weight(std::uint32_t hundredths) noexcept : hundredths_(hundredths) {}
  std::uint32_t hundredths_ = 0;
};

}  // namespace shunt::flip
