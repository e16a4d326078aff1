#include <csignal>

#include "command_line.hpp"
#include "process_secrecy.hpp"

int main(int argc, char** argv) {
  shunt::app::forbid_inspection();
  // A reader that has gone is an error of the write that meets it, never the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  return shunt::app::run_command_line(argc, argv);
}
