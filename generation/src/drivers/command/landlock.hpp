#pragma once

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "shunt/generation/namespace.hpp"

// Linux' interface to Landlock, for which Debian 12's C library has no functions, and whose headers are older
// than the kernels that programs meet (include/uapi/linux/landlock.h; landlock(7) tells the version of each
// right).
namespace shunt::generation::command::landlock {

inline constexpr std::uint64_t kTruncate = 1ULL << 14;     // version 3
inline constexpr std::uint64_t kIoctlDevice = 1ULL << 15;  // version 5
inline constexpr std::uint64_t kScopeAbstractUnix = 1;     // version 6
inline constexpr std::uint64_t kScopeSignal = 1ULL << 1;   // version 6

struct RulesetAttributes {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;  // version 4
  std::uint64_t scoped;              // version 6
};

inline int version() noexcept {
  return static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, LANDLOCK_CREATE_RULESET_VERSION));
}

inline int create_ruleset(const RulesetAttributes& attributes, int abi) noexcept {
  // A kernel refuses attributes that it does not know.
  const std::size_t size = abi >= 6   ? sizeof attributes
                           : abi >= 4 ? offsetof(RulesetAttributes, scoped)
                                      : offsetof(RulesetAttributes, handled_access_net);
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0U));
}

inline int add_path(int ruleset, int path, std::uint64_t rights) noexcept {
  const landlock_path_beneath_attr attributes{.allowed_access = rights, .parent_fd = path};
  return static_cast<int>(
      ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attributes, 0U));
}

inline int restrict_self(int ruleset) noexcept {
  return static_cast<int>(::syscall(SYS_landlock_restrict_self, ruleset, 0U));
}

}  // namespace shunt::generation::command::landlock
