#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// "gen_" + a UUIDv7 (RFC 9562) as 32 lower-case hex digits. Sorts by creation time as text and as a value,
// and is a valid BullMQ job id (not an integer, no colon, not starting with "0:").
class GenerationId {
 public:
  static constexpr std::size_t kTextSize = 36;

  GenerationId() = default;  // all zero: no generation has it

  // nullopt unless `text` is exactly what to_string() writes (version and variant bits included).
  [[nodiscard]] static std::optional<GenerationId> parse(std::string_view text) noexcept;

  [[nodiscard]] std::string to_string() const;
  void append_to(std::string& out) const;
  [[nodiscard]] WallTime created_at() const noexcept;

  friend auto operator<=>(const GenerationId&, const GenerationId&) = default;

 private:
  friend class GenerationIdSource;
  friend struct std::hash<GenerationId>;
  // The UUID's 128 bits, most significant first: comparing them is comparing the text.
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

// Makes ids. Those of one source strictly increase, also when the clock stands still or steps back: the
// 12 bits after the time count up, and the time borrows from the future when they overflow (RFC 9562, 6.2).
// Safe from any thread.
class GenerationIdSource {
 public:
  explicit GenerationIdSource(const Clock& clock) : clock_(clock) {}
  [[nodiscard]] GenerationId next();

 private:
  const Clock& clock_;
  std::atomic<std::uint64_t> last_{0};  // milliseconds << 12 | counter
};

}  // namespace shunt::generation

template <>
struct std::hash<shunt::generation::GenerationId> {
  std::size_t operator()(const shunt::generation::GenerationId& id) const noexcept {
    return id.low_;
  }  // random bits
};
