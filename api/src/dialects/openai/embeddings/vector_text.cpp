#include "dialects/openai/embeddings/vector_text.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "shunt/base/base64.hpp"

namespace shunt::api::dialects::openai {
namespace {

constexpr std::size_t kFloatBytes = 4;

std::optional<std::vector<float>> read_bytes(std::string_view text) {
  const auto bytes = parse_base64(text);
  if (!bytes || bytes->size() % kFloatBytes != 0) return std::nullopt;
  std::vector<float> vector;
  vector.reserve(bytes->size() / kFloatBytes);
  for (std::size_t at = 0; at < bytes->size(); at += kFloatBytes) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kFloatBytes; ++i) {
      bits |= std::uint32_t{static_cast<unsigned char>((*bytes)[at + i])} << (8 * i);
    }
    vector.push_back(std::bit_cast<float>(bits));
  }
  return vector;
}

std::optional<std::vector<float>> read_numbers(const JsonArray& numbers) {
  std::vector<float> vector;
  vector.reserve(numbers.size());
  for (const Json& number : numbers) {
    if (!number.is_number()) return std::nullopt;
    vector.push_back(static_cast<float>(number.to_number<double>()));
  }
  return vector;
}

}  // namespace

std::optional<std::vector<float>> read_vector(const Json& embedding) {
  std::optional<std::vector<float>> vector;
  if (embedding.is_string()) vector = read_bytes(embedding.get_string());
  if (embedding.is_array()) vector = read_numbers(embedding.get_array());
  if (!vector) return std::nullopt;
  for (const float number : *vector) {
    if (!std::isfinite(number)) return std::nullopt;
  }
  return vector;
}

void append_base64_vector(std::string& out, const std::vector<float>& vector) {
  std::string bytes;
  bytes.reserve(vector.size() * kFloatBytes);
  for (const float number : vector) {
    const auto bits = std::bit_cast<std::uint32_t>(number);
    for (std::size_t i = 0; i < kFloatBytes; ++i) bytes += static_cast<char>((bits >> (8 * i)) & 0xffU);
  }
  out += '"';
  append_base64(out, bytes);
  out += '"';
}

void append_number_vector(std::string& out, const std::vector<float>& vector) {
  std::array<char, 32> digits{};
  out += '[';
  for (const float number : vector) {
    if (out.back() != '[') out += ',';
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
  }
  out += ']';
}

}  // namespace shunt::api::dialects::openai
