#include "redis/reply.hpp"

#include <charconv>
#include <cmath>

namespace bullmq {

std::string_view RedisReply::error_word() const noexcept {
  if (type != Type::error) return {};
  return std::string_view(text).substr(0, text.find(' '));
}

double RedisReply::number() const noexcept {
  if (type == Type::integer) return static_cast<double>(integer);
  return is_text() ? detail::parse_number(text) : 0;
}

std::int64_t RedisReply::to_int() const noexcept {
  if (type == Type::integer) return integer;
  // Doubles beyond this have no neighbour that differs by one; nothing that we count is there.
  constexpr double kLimit = 9.2e18;
  const double value = number();
  return value > -kLimit && value < kLimit ? static_cast<std::int64_t>(value) : 0;
}

namespace detail {

double parse_number(std::string_view text) noexcept {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && std::isfinite(value) ? value : 0;
}

}  // namespace detail
}  // namespace bullmq
