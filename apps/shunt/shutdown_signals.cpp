#include "shutdown_signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "exit_code.hpp"

namespace shunt::app {
namespace {

bool is_ignored(int signal) {
  struct sigaction now{};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

sigset_t shutdown_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  // Blocked, an ignored signal would be kept for us.
  if (!is_ignored(SIGHUP)) sigaddset(&set, SIGHUP);
  return set;
}

int checked(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
  return descriptor;
}

// The next signal's number; nullopt once `wake` is readable.
std::optional<int> next_signal(int signals, int wake) {
  std::array<pollfd, 2> polled{{{signals, POLLIN, 0}, {wake, POLLIN, 0}}};
  while (true) {
    if (::poll(polled.data(), polled.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return std::nullopt;
    }
    if (polled[1].revents != 0) return std::nullopt;
    signalfd_siginfo info{};
    if (::read(signals, &info, sizeof info) == sizeof info) return static_cast<int>(info.ssi_signo);
  }
}

}  // namespace

ShutdownSignals::ShutdownSignals() {
  const sigset_t set = shutdown_set();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = checked(::signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
  wake_ = checked(::eventfd(0, EFD_CLOEXEC), "eventfd");
}

void ShutdownSignals::stop() {
  const std::uint64_t one = 1;
  if (thread_.joinable() && ::write(wake_, &one, sizeof one) == sizeof one) thread_.join();
}

ShutdownSignals::~ShutdownSignals() {
  stop();
  ::close(signals_);
  ::close(wake_);
}

void ShutdownSignals::on_first(std::function<void(int)> first) {
  thread_ = std::thread([signals = signals_, wake = wake_, call = std::move(first), hang_up = hang_up_] {
    auto signal = next_signal(signals, wake);
    while (signal == SIGHUP && hang_up && !hang_up()) signal = next_signal(signals, wake);
    if (!signal) return;
    call(*signal);
    // The process is on its way out; who asks again does not want to wait for that.
    auto again = next_signal(signals, wake);
    while (again == SIGHUP) again = next_signal(signals, wake);
    if (again) ::_exit(kExitSignalBase + *again);
  });
}

}  // namespace shunt::app
