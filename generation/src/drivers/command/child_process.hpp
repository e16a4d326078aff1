#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "drivers/command/confinement.hpp"
#include "drivers/command/owned_fd.hpp"
#include "drivers/command/program_end.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

struct SpawnRequest {
  std::string program;  // a path
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // "NAME=value"
  std::string working_directory;
  bool pipe_stdin = false;  // else /dev/null
  std::optional<std::size_t> max_memory_bytes;
  std::optional<std::size_t> max_cpu_seconds;
  std::size_t max_file_bytes = 0;
  const Confinement* confinement = nullptr;  // nullptr: none
};

// A running program: the leader of a session and process group of its own, that can gain no privileges. It
// dies with the thread that spawned it (PR_SET_PDEATHSIG), so spawn on threads that live as long as the
// process.
class ChildProcess {
 public:
  // Fails with `program_not_started` and the system's reason. Blocks for the time of fork and exec.
  [[nodiscard]] static Result<ChildProcess> spawn(const SpawnRequest& request);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  // Kills the group and reaps the child, if that has not been done.
  ~ChildProcess();

  // 0: it was reaped.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // Our ends, non-blocking. Taken once each.
  OwnedFd stdin_pipe;
  OwnedFd stdout_pipe;
  OwnedFd stderr_pipe;
  // Readable once the program has ended. Likewise.
  OwnedFd pidfd;

  // Whether the program has ended and waits to be reaped.
  [[nodiscard]] bool has_ended() const noexcept;
  // Signals every process of the group. It has no effect once the program was reaped.
  void signal_group(int signal) const noexcept;
  // Kills what is left of the group and takes the exit status. Call it when pidfd is readable; blocks
  // otherwise.
  [[nodiscard]] ProgramEnd reap() noexcept;

 private:
  ChildProcess(pid_t pid, OwnedFd ended) : pidfd(std::move(ended)), pid_(pid) {}

  pid_t pid_;  // 0: reaped or moved from
};

}  // namespace shunt::generation::command
