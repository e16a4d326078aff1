#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "namespace.hpp"

namespace shunt::app {

enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

// What a stream of this process is connected to, found out once.
class Terminal {
 public:
  explicit Terminal(int descriptor);

  [[nodiscard]] bool is_terminal() const noexcept { return is_terminal_; }
  // A terminal, and the person has not asked for plain text (NO_COLOR, TERM=dumb).
  [[nodiscard]] bool has_colour() const noexcept { return has_colour_; }
  [[nodiscard]] std::size_t columns() const noexcept;
  // `text` in the style, or as it is without colour.
  [[nodiscard]] std::string styled(Style style, std::string_view text) const;

 private:
  const int descriptor_;
  const bool is_terminal_;
  const bool has_colour_;
};

// "shunt: <message>" on standard error: how every command reports a problem.
void complain(std::string_view message);

}  // namespace shunt::app
