#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace shunt::base {

// The SHA-256 of bytes that come in pieces (digest.hpp has that of a text). Not thread-safe.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  ~Sha256();
  void update(std::string_view bytes);
  // Of all bytes so far. Ends it: nothing else is called afterwards.
  [[nodiscard]] std::string finish_hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shunt::base
