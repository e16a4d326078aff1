#pragma once

#include <fstream>
#include <string>

#include "shunt/site/namespace.hpp"

namespace shunt::site {

// The beginning of a file of the kernel's; "" where it cannot be read.
[[nodiscard]] inline std::string small_file(const std::string& path) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace shunt::site
