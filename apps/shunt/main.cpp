#include <csignal>

#include "command_line.hpp"
#include "process_secrecy.hpp"
#include "standard_output.hpp"

int main(int argc, char** argv) {
  shunt::app::forbid_inspection();
  // A reader that has gone is an error of the write that meets it, never the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  shunt::app::StandardOutput output;
  return output.exit_code(shunt::app::run_command_line(argc, argv));
}
