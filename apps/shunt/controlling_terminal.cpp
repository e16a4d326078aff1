#include "controlling_terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace shunt::app {
namespace {

// A shell that ends sends SIGHUP to its jobs and then lets go of the terminal; nothing tells when that is
// done.
constexpr int kLooks = 10;
constexpr std::chrono::milliseconds kBetweenLooks{20};

bool is_there() {
  const int terminal = ::open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (terminal >= 0) {
    ::close(terminal);
    return true;
  }
  // Nothing is known when there are no descriptors left.
  return errno == EMFILE || errno == ENFILE;
}

}  // namespace

ControllingTerminal::ControllingTerminal() : was_there_(is_there()) {}

bool ControllingTerminal::has_gone() const {
  if (!was_there_) return false;
  for (int look = 0; look < kLooks; ++look) {
    if (!is_there()) return true;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return false;
}

}  // namespace shunt::app
