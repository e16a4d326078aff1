#include "drivers/command/program_end.hpp"

#include <csignal>
#include <cstring>
#include <utility>

#include "shunt/base/json.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

Error limit_error(std::string_view which, std::string limit) {
  Error error{error_code::kProgramLimit,
              "the program reached its " + std::string(which) + " limit of " + limit};
  return std::move(error).with("limit_name", std::string(which)).with("limit", limit);
}

std::optional<Error> limit_hit(const ProgramEnd& end, const CommandOptions& options) {
  if (end.exited) return std::nullopt;
  if (end.code == SIGXCPU && options.max_cpu)
    return limit_error("cpu", std::to_string(options.max_cpu->count()) + " s");
  if (end.code == SIGXFSZ) return limit_error("output", std::to_string(options.max_output_bytes) + " bytes");
  return std::nullopt;
}

Error failure(const ProgramEnd& end, const CommandOptions& options) {
  if (!end.exited) {
    Error error{error_code::kProgramKilled, "the program was killed by " + signal_name(end.code)};
    return std::move(error).with("signal", signal_name(end.code));
  }
  std::string message = "the program exited with code " + std::to_string(end.code);
  // Programs that cannot allocate report it in their own way; the reader should know that there is a limit.
  if (options.max_memory_bytes) {
    message += " (its memory is limited to " + std::to_string(*options.max_memory_bytes) + " bytes)";
  }
  return Error{error_code::kProgramExited, std::move(message)}.with("exit_code", end.code);
}

}  // namespace

std::string signal_name(int number) {
  const char* const name = sigabbrev_np(number);
  return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(number);
}

std::optional<Error> error_of(const ProgramEnd& end, const CommandOptions& options,
                              std::string_view stderr_tail) {
  if (end.exited && end.code == 0) return std::nullopt;
  std::optional<Error> error = limit_hit(end, options);
  if (!error) error = failure(end, options);
  if (stderr_tail.empty()) return error;
  return std::move(*error).with("stderr", to_valid_utf8(stderr_tail));
}

}  // namespace shunt::generation::command
