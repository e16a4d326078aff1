#pragma once

namespace shunt::app {

// The terminal that this process was started from, if there was one.
class ControllingTerminal {
 public:
  ControllingTerminal();

  // Whether there was one and it has gone: the window was closed, the connection to it broke. A hang-up's
  // signal may come a moment before its terminal has gone, so this waits that moment.
  [[nodiscard]] bool has_gone() const;

 private:
  const bool was_there_;
};

}  // namespace shunt::app
