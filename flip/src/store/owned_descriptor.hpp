#pragma once

#include <unistd.h>

#include <utility>

#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Closes a file descriptor with its owner.
class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OwnedDescriptor& operator=(OwnedDescriptor&&) = delete;
  ~OwnedDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const noexcept { return descriptor_; }
  [[nodiscard]] bool ok() const noexcept { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

}  // namespace shunt::flip
