#include "drivers/command/child_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

Error not_started(const std::string& program, std::string_view step, int number) {
  Error error{error_code::kProgramNotStarted,
              "the program was not started: " + std::string(step) + ": " + std::strerror(number)};
  error.retryable =
      retryable_if(number == EAGAIN || number == ENOMEM || number == EMFILE || number == ENFILE);
  return std::move(error).with("errno", number).with_internal(program);
}

struct Pipe {
  OwnedFd read;
  OwnedFd write;

  // False with errno set. Never takes the numbers 0 to 2, which the child's dup2 calls overwrite.
  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = OwnedFd(above_standard(ends[0]));
    write = OwnedFd(above_standard(ends[1]));
    return read.valid() && write.valid();
  }

 private:
  static int above_standard(int fd) {
    if (fd > STDERR_FILENO) return fd;
    const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    ::close(fd);
    return moved;
  }
};

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Everything the child needs between vfork and exec, made beforehand: there it shares our memory and may only
// make system calls.
struct ChildPlan {
  const char* program;
  char* const* argv;
  char* const* environment;
  const char* working_directory;
  int stdin_fd;
  int stdout_fd;
  int stderr_fd;
  int report_fd;   // tells the step and errno when something fails; closed by exec
  int ruleset_fd;  // -1: none
  bool may_read_own_proc;
  bool drops_capabilities;
  pid_t parent;
  sigset_t signal_mask;
  struct Limit {
    int resource;
    rlimit value;
  };
  std::array<Limit, 4> limits;
  std::size_t limit_count = 0;

  void add_limit(int resource, rlim_t soft, rlim_t hard) { limits[limit_count++] = {resource, {soft, hard}}; }
};

struct Report {
  int step;
  int number;
};
constexpr std::array<std::string_view, 7> kSteps{"setsid", "prctl", "chdir",          "setrlimit",
                                                 "dup2",   "exec",  "restrict itself"};

[[noreturn]] void give_up(const ChildPlan& plan, int step) {
  const Report report{step, errno};
  const auto written = ::write(plan.report_fd, &report, sizeof report);
  ::_exit(written == sizeof report ? 127 : 126);
}

void reset_signals(const ChildPlan& plan) {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  // Fails harmlessly for SIGKILL, SIGSTOP and the ones the C library keeps.
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  ::sigprocmask(SIG_SETMASK, &plan.signal_mask, nullptr);
}

// What the program and all that it starts can never take back.
void confine(const ChildPlan& plan) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up(plan, 1);
  if (plan.drops_capabilities) drop_capabilities();
  if (!enter_confinement(plan.ruleset_fd, plan.may_read_own_proc)) give_up(plan, 6);
}

[[noreturn]] void become_program(const ChildPlan& plan) {
  // A session of its own has no terminal, so that nothing can be typed into ours.
  if (::setsid() < 0) give_up(plan, 0);
  if (::chdir(plan.working_directory) != 0) give_up(plan, 2);
  for (std::size_t i = 0; i < plan.limit_count; ++i) {
    if (::setrlimit(static_cast<__rlimit_resource_t>(plan.limits[i].resource), &plan.limits[i].value) != 0) {
      give_up(plan, 3);
    }
  }
  if (::dup2(plan.stdin_fd, STDIN_FILENO) < 0 || ::dup2(plan.stdout_fd, STDOUT_FILENO) < 0 ||
      ::dup2(plan.stderr_fd, STDERR_FILENO) < 0) {
    give_up(plan, 4);
  }
  // Our own descriptors are close-on-exec already; this is for those of libraries.
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  confine(plan);
  // After all that changes credentials, which would make the kernel forget it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(plan, 1);
  // The parent may have died before prctl.
  if (::getppid() != plan.parent) ::_exit(126);
  reset_signals(plan);
  ::execve(plan.program, plan.argv, plan.environment);
  give_up(plan, 5);
}

// vfork, not fork: its price does not grow with our memory, which may hold hundreds of megabytes of results.
// Kept apart so that nothing of the caller's lives in a frame that the child could disturb.
[[gnu::noinline]] pid_t vfork_and_exec(const ChildPlan& plan) {
  const pid_t pid = ::vfork();
  if (pid == 0) become_program(plan);
  return pid;
}

// Every signal is blocked meanwhile, so that no handler of ours runs in the child while it shares our memory.
pid_t start_child(ChildPlan& plan) {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &plan.signal_mask);
  const sigset_t ours = plan.signal_mask;
  sigemptyset(&plan.signal_mask);  // the program starts with nothing blocked
  const pid_t pid = vfork_and_exec(plan);
  const int saved = errno;
  ::pthread_sigmask(SIG_SETMASK, &ours, nullptr);
  errno = saved;
  return pid;
}

bool set_non_blocking(const OwnedFd& fd) {
  return !fd.valid() || ::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0;
}

void add_limits(ChildPlan& plan, const SpawnRequest& request) {
  if (request.max_memory_bytes)
    plan.add_limit(RLIMIT_AS, *request.max_memory_bytes, *request.max_memory_bytes);
  // A second between SIGXCPU, which a program may use to say goodbye, and SIGKILL.
  if (request.max_cpu_seconds)
    plan.add_limit(RLIMIT_CPU, *request.max_cpu_seconds, *request.max_cpu_seconds + 1);
  plan.add_limit(RLIMIT_FSIZE, request.max_file_bytes, request.max_file_bytes);
  plan.add_limit(RLIMIT_CORE, 0, 0);
}

}  // namespace

Result<ChildProcess> ChildProcess::spawn(const SpawnRequest& request) {
  Pipe in;
  Pipe out;
  Pipe err;
  Pipe report;
  OwnedFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!in.open() || !out.open() || !err.open() || !report.open() || !null.valid()) {
    return not_started(request.program, "pipe", errno);
  }
  const std::vector<char*> argv = pointers_to(request.argv);
  const std::vector<char*> environment = pointers_to(request.environment);
  ChildPlan plan{};
  plan.program = request.program.c_str();
  plan.argv = argv.data();
  plan.environment = environment.data();
  plan.working_directory = request.working_directory.c_str();
  plan.stdin_fd = request.pipe_stdin ? in.read.get() : null.get();
  plan.stdout_fd = out.write.get();
  plan.stderr_fd = err.write.get();
  plan.report_fd = report.write.get();
  plan.ruleset_fd = request.confinement == nullptr ? -1 : request.confinement->ruleset.get();
  plan.may_read_own_proc = request.confinement != nullptr && request.confinement->may_read_own_proc;
  plan.drops_capabilities = request.confinement != nullptr && request.confinement->drop_capabilities;
  plan.parent = ::getpid();
  add_limits(plan, request);

  const pid_t pid = start_child(plan);
  if (pid < 0) return not_started(request.program, "vfork", errno);
  report.write.reset();
  Report failed{};
  const bool has_failed = ::read(report.read.get(), &failed, sizeof failed) == sizeof failed;
  ChildProcess child(pid, OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
  if (has_failed)
    return not_started(request.program, kSteps.at(static_cast<std::size_t>(failed.step)), failed.number);
  if (!child.pidfd.valid()) return not_started(request.program, "pidfd_open", errno);
  if (request.pipe_stdin) child.stdin_pipe = std::move(in.write);
  child.stdout_pipe = std::move(out.read);
  child.stderr_pipe = std::move(err.read);
  if (!set_non_blocking(child.stdin_pipe) || !set_non_blocking(child.stdout_pipe) ||
      !set_non_blocking(child.stderr_pipe)) {
    return not_started(request.program, "fcntl", errno);
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : stdin_pipe(std::move(other.stdin_pipe)),
      stdout_pipe(std::move(other.stdout_pipe)),
      stderr_pipe(std::move(other.stderr_pipe)),
      pidfd(std::move(other.pidfd)),
      pid_(std::exchange(other.pid_, 0)) {}

ChildProcess::~ChildProcess() {
  if (pid_ != 0) (void)reap();
}

bool ChildProcess::has_ended() const noexcept {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

void ChildProcess::signal_group(int signal) const noexcept {
  if (pid_ != 0) ::kill(-pid_, signal);
}

ProgramEnd ChildProcess::reap() noexcept {
  // Before the wait: until then the group's number cannot belong to anybody else.
  signal_group(SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
  }
  pid_ = 0;
  return {info.si_code == CLD_EXITED, info.si_status};
}

}  // namespace shunt::generation::command
