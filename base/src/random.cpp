#include "shunt/base/random.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "shunt/base/hex.hpp"

namespace shunt::base {

void fill_random(std::span<std::byte> bytes) {
  constexpr std::size_t kAtOnce = 256;  // what getentropy(3) gives in one call
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kAtOnce);
    if (::getentropy(bytes.data(), size) != 0)
      throw std::system_error(errno, std::generic_category(), "getentropy");
    bytes = bytes.subspan(size);
  }
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  fill_random(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

std::string random_name(std::size_t bytes) {
  std::vector<std::uint8_t> random(bytes);
  fill_random(std::as_writable_bytes(std::span(random)));
  std::string name;
  name.reserve(bytes * 2);
  append_hex(name, random);
  return name;
}

}  // namespace shunt::base
