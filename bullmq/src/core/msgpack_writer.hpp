#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace bullmq::detail {

// MessagePack, as much of it as the scripts' arguments need. Appends to a text; sizes of maps and arrays are
// told before their members.
class MsgpackWriter {
 public:
  explicit MsgpackWriter(std::string& out) : out_(out) {}

  MsgpackWriter& map(std::size_t members) { return container(members, 0x80, 0xde); }
  MsgpackWriter& array(std::size_t elements) { return container(elements, 0x90, 0xdc); }
  MsgpackWriter& nil() { return byte(0xc0); }
  MsgpackWriter& boolean(bool value) { return byte(value ? 0xc3 : 0xc2); }

  MsgpackWriter& text(std::string_view value) {
    if (value.size() < 32) {
      byte(0xa0 | value.size());
    } else if (value.size() <= 0xff) {
      byte(0xd9).big_endian(value.size(), 1);
    } else if (value.size() <= 0xffff) {
      byte(0xda).big_endian(value.size(), 2);
    } else {
      byte(0xdb).big_endian(value.size(), 4);
    }
    out_ += value;
    return *this;
  }

  MsgpackWriter& integer(std::int64_t value) {
    if (value >= 0 && value < 128) return byte(static_cast<std::uint64_t>(value));
    if (value < 0 && value >= -32) return byte(static_cast<std::uint64_t>(value) & 0xff);
    if (value >= 0) return natural(static_cast<std::uint64_t>(value));
    return byte(0xd3).big_endian(static_cast<std::uint64_t>(value), 8);
  }

  MsgpackWriter& natural(std::uint64_t value) {
    if (value < 128) return byte(value);
    if (value <= 0xffff) return byte(0xcd).big_endian(value, 2);
    if (value <= 0xffffffff) return byte(0xce).big_endian(value, 4);
    return byte(0xcf).big_endian(value, 8);
  }

  MsgpackWriter& number(double value) {
    // Whole numbers travel as integers: Lua prints both alike, and it is shorter.
    if (value == std::floor(value) && std::fabs(value) < 9e15)
      return integer(static_cast<std::int64_t>(value));
    return byte(0xcb).big_endian(std::bit_cast<std::uint64_t>(value), 8);
  }

  // Bytes that are MessagePack already.
  MsgpackWriter& raw(std::string_view packed) {
    out_ += packed;
    return *this;
  }

 private:
  MsgpackWriter& byte(std::uint64_t value) {
    out_ += static_cast<char>(value);
    return *this;
  }
  MsgpackWriter& big_endian(std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out_ += static_cast<char>((value >> (8 * i)) & 0xff);
    return *this;
  }
  MsgpackWriter& container(std::size_t size, std::uint64_t fix, std::uint64_t large) {
    if (size < 16) return byte(fix | size);
    // The 32-bit form is the next one in both families.
    return size <= 0xffff ? byte(large).big_endian(size, 2) : byte(large + 1).big_endian(size, 4);
  }

  std::string& out_;
};

}  // namespace bullmq::detail
