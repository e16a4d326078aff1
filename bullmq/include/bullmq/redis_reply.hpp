#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bullmq {

// An answer of Redis (RESP2), as a tree. Strings are binary-safe.
struct RedisReply {
  RedisReply() = default;

  enum class Type { nil, integer, string, status, error, array };
  Type type = Type::nil;
  std::int64_t integer = 0;
  // string, status, error
  std::string text;
  // array
  std::vector<RedisReply> elements;

  [[nodiscard]] bool is_nil() const noexcept { return type == Type::nil; }
  [[nodiscard]] bool is_error() const noexcept { return type == Type::error; }
  [[nodiscard]] bool is_array() const noexcept { return type == Type::array; }
  [[nodiscard]] bool is_integer() const noexcept { return type == Type::integer; }
  [[nodiscard]] bool is_text() const noexcept { return type == Type::string || type == Type::status; }
  // The first word of an error: "NOSCRIPT", "MOVED", ...
  [[nodiscard]] std::string_view error_word() const noexcept;

  // The number that the reply is, or is the text of (numbers in hashes may have an exponent); 0 when it is
  // neither.
  [[nodiscard]] double number() const noexcept;
  [[nodiscard]] std::int64_t to_int() const noexcept;
};

}  // namespace bullmq
