#include "controlling_terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace shunt::app {
namespace {

// What passes at most between a hang-up's signal and the moment that its terminal has gone, be it that the
// kernel takes it away or that the shell which sent the signal ends. A signal that somebody sends by hand is
// followed by neither, so it is taken for one after this time.
constexpr int kHangUpMs = 200;

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  const int fd_;
};

// Fails once the process has none, and when it has just hung up. It is open only for a moment: a terminal
// that a process in the background held would keep the connection to it from ending.
int open_terminal() {
  return ::open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

bool is_there(int terminal, int error) {
  // Nothing is known when there are no descriptors left.
  return terminal >= 0 || error == EMFILE || error == ENFILE;
}

// The end of a session's leader takes the terminal from all others of the session. -1 when this process is
// the leader itself, or the kernel does not tell of it.
int open_session_leader() {
  const pid_t leader = ::getsid(0);
  if (leader <= 0 || leader == ::getpid()) return -1;
  return static_cast<int>(::syscall(SYS_pidfd_open, leader, 0));
}

bool terminal_opens() {
  const Descriptor terminal(open_terminal());
  return is_there(terminal.get(), errno);
}

}  // namespace

ControllingTerminal::ControllingTerminal() : was_there_(terminal_opens()) {}

bool ControllingTerminal::has_gone() const {
  if (!was_there_) return false;
  const Descriptor terminal(open_terminal());
  if (!is_there(terminal.get(), errno)) return true;
  const Descriptor leader(open_session_leader());
  // Both are silent until they end: a terminal that hangs up tells without being asked for anything.
  std::array<pollfd, 2> ends{{{terminal.get(), 0, 0}, {leader.get(), POLLIN, 0}}};
  int ended = 0;
  do {
    ended = ::poll(ends.data(), ends.size(), kHangUpMs);
  } while (ended < 0 && errno == EINTR);
  return ended > 0 || !terminal_opens();
}

}  // namespace shunt::app
