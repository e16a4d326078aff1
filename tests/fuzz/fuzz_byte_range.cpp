// Range headers. Checks that what is chosen lies in what is there, against a reader that counts by hand.
#include <optional>

#include "shunt/http/byte_range.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

// Digits as a number; beyond 2^40 they are all the same, as no file is larger.
std::optional<std::uint64_t> count(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value =
        std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(digit - '0'), std::uint64_t{1} << 40);
  }
  return value;
}

void check_plain_range(std::string_view first, std::string_view last, std::size_t size) {
  const auto begin = count(first);
  const auto end = count(last);
  if (!begin || !end || first.size() > 12 || last.size() > 12) return;
  const auto chosen = http::choose_range("bytes=" + std::string(first) + "-" + std::string(last), size);
  const auto* range = std::get_if<http::ByteRange>(&chosen);
  if (*end < *begin)
    return check(std::holds_alternative<http::WholeBody>(chosen), "a reversed range is no range");
  if (*begin >= size)
    return check(std::holds_alternative<http::RangeUnsatisfiable>(chosen), "behind the end");
  check(range != nullptr && range->first == *begin, "begins where it was asked to");
  check(range->length == std::min<std::uint64_t>(*end, size - 1) - *begin + 1,
        "as long as was asked, or as there is");
}

}  // namespace

// Two bytes of size, then the header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t bytes = data[0] * std::size_t{256} + data[1];
  const std::string_view header = fuzz::text_of(data, size).substr(2);
  for (const std::size_t of : {bytes, std::size_t{0}, std::size_t{1}}) {
    const auto chosen = http::choose_range(header, of);
    const auto* range = std::get_if<http::ByteRange>(&chosen);
    if (range == nullptr) continue;
    check(range->length > 0 && range->first < of && range->length <= of - range->first, "within the body");
  }
  std::string_view rest = header;
  const std::string_view first = fuzz::take(rest, '-');
  check_plain_range(first, rest, bytes);
  return 0;
}
