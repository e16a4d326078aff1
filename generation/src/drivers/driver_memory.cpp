#include "drivers/driver_memory.hpp"

#include <algorithm>
#include <utility>

#include "shunt/base/overloaded.hpp"

namespace shunt::generation {
namespace {

// A reservation is made for this many bytes more than are asked for, so that a text that grows by single
// words does not change the count that all threads share each time; what is reserved beyond twice of what is
// held goes back.
constexpr std::size_t kSpare = 1024;
constexpr std::size_t kLeastGrowth = 4096;

}  // namespace

bool DriverMemory::hold(std::size_t bytes) noexcept {
  const std::size_t reserved = reserved_.bytes();
  if (bytes <= reserved && reserved <= 2 * (bytes + kSpare)) return true;
  return reserved_.try_resize(bytes + kSpare);
}

bool DriverMemory::append(std::string& text, std::string_view more, std::size_t others) {
  const std::size_t size = text.size() + more.size();
  if (size <= text.capacity()) {
    if (!hold(others + text.capacity())) return false;
    text += more;
    return true;
  }
  const std::size_t capacity = std::max(size, text.capacity() + std::max(text.capacity() / 4, kLeastGrowth));
  if (!hold(others + capacity)) return false;
  // A reserve() of the text itself would double it.
  std::string grown;
  grown.reserve(capacity);
  grown.append(text).append(more);
  text = std::move(grown);
  return true;
}

Error driver_overload() {
  return overloaded("the output of programs and upstreams");
}

}  // namespace shunt::generation
