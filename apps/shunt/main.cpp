#include <csignal>

#include "command_line.hpp"

int main(int argc, char** argv) {
  // A reader that has gone is an error of the write that meets it, never the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  return shunt::app::run_command_line(argc, argv);
}
