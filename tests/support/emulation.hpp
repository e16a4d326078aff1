#pragma once

#include <cstdlib>

namespace shunt::testing {

// Whether qemu runs this test for another processor (`./test --arm64`). A program that it runs cannot start
// another one for that processor, itself included: the kernel does not know it.
inline bool is_emulated() {
  return std::getenv("SHUNT_TEST_EMULATED") != nullptr;
}

}  // namespace shunt::testing
