#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/generation/drivers/command.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// How a program ended, as waitid tells it.
struct ProgramEnd {
  bool exited = true;  // else killed by a signal
  int code = 0;        // exit code or signal number
};

// nullopt: it did well. Otherwise which limit it hit, which signal killed it or how it exited, in that order,
// with the end of its standard error, "" where callers are not to see that.
[[nodiscard]] std::optional<Error> error_of(const ProgramEnd& end, const CommandOptions& options,
                                            std::string_view stderr_tail);

// "SIGKILL"; "signal 42" for one without a name.
[[nodiscard]] std::string signal_name(int number);

}  // namespace shunt::generation::command
