#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "drivers/command/owned_fd.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/drivers/command.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// The version of Landlock that the running kernel has; 0: none, or it is switched off.
[[nodiscard]] int landlock_abi() noexcept;

// Which rights a Landlock domain takes away unless a rule gives them, by the kernel's version. Pure.
struct LandlockRights {
  std::uint64_t files = 0;   // of handled_access_fs
  std::uint64_t scopes = 0;  // of scoped
};
[[nodiscard]] LandlockRights landlock_rights(CommandOptions::Confine level, int abi) noexcept;

// kAuto means kFiles for a model that lists paths, else kProcesses.
[[nodiscard]] CommandOptions::Confine confinement_of(const CommandOptions& options) noexcept;

// Whether the paths that the model lists can be confined to: absolute, and given to a level that looks at
// files. Pure.
[[nodiscard]] Result<void> check_confinement(const CommandOptions& options);
// Whether they are there, for a start that fails instead of each run.
[[nodiscard]] Result<void> look_for_paths(const CommandOptions& options);

struct Confinement {
  OwnedFd ruleset;                 // not valid: nothing is enforced
  bool may_read_own_proc = false;  // the child adds its /proc/self, which only it can name
  bool drop_capabilities = false;  // those with which root's programs would look into others all the same
};

// The domain of one run, made before the fork, so that the child has only to enter it. `program` may be
// executed, `scratch` written to. A listed path that is gone by now gives no right, as there is nothing to
// read.
[[nodiscard]] Result<Confinement> make_confinement(const CommandOptions& options, int abi,
                                                   const std::string& program, const std::string& scratch);

// Between fork and exec, so system calls only. False with errno set.
[[nodiscard]] bool enter_confinement(int ruleset, bool may_read_own_proc) noexcept;
// Likewise. Does nothing for processes that have no such capabilities.
void drop_capabilities() noexcept;

}  // namespace shunt::generation::command
