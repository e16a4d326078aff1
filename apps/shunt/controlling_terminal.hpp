#pragma once

#include "namespace.hpp"

namespace shunt::app {

// The terminal that this process was started from, if there was one.
class ControllingTerminal {
 public:
  ControllingTerminal();

  // Whether there was one and it has gone: the window was closed, the connection to it broke, the session's
  // leader has ended. A hang-up's signal may come a moment before that, so this waits up to 200 ms for it.
  [[nodiscard]] bool has_gone() const;

 private:
  const bool was_there_;
};

}  // namespace shunt::app
