#include "drivers/command/confinement.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "drivers/command/landlock.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

using Confine = CommandOptions::Confine;

constexpr std::uint64_t kRead =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// Making devices and executing are not in it: what a program writes it cannot run.
constexpr std::uint64_t kWrite =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER | landlock::kTruncate;
constexpr std::uint64_t kMakeDevices = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;
constexpr std::uint64_t kEverything = kRead | kWrite | kMakeDevices | landlock::kIoctlDevice;
// Rights that can be given to a path which is no folder.
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_READ_FILE | landlock::kTruncate |
                                   landlock::kIoctlDevice;

// What nearly every program needs, and nothing that is somebody's: docs/generators/command/confinement.md
// lists it.
constexpr std::array kSystemReads{"/usr",
                                  "/bin",
                                  "/sbin",
                                  "/lib",
                                  "/lib32",
                                  "/lib64",
                                  "/libx32",
                                  "/etc/ld.so.cache",
                                  "/etc/localtime",
                                  "/etc/ssl/openssl.cnf",
                                  "/etc/fonts",
                                  "/proc/cpuinfo",
                                  "/proc/meminfo",
                                  "/proc/stat",
                                  "/proc/filesystems",
                                  "/proc/sys/vm/overcommit_memory",
                                  "/proc/sys/kernel/osrelease",
                                  "/sys/devices/system/cpu",
                                  "/dev/random",
                                  "/dev/urandom"};
constexpr std::array kSystemWrites{"/dev/null", "/dev/zero", "/dev/full"};

Error not_confined(std::string what, int number) {
  Error error{error_code::kProgramNotStarted,
              std::string("the program was not started: it could not be confined: ") + std::strerror(number)};
  error.retryable = retryable_if(number == EMFILE || number == ENFILE || number == ENOMEM);
  return std::move(error).with("errno", number).with_internal(std::move(what));
}

// Adds rules to one ruleset, and remembers what went wrong.
class Rules {
 public:
  Rules(int ruleset, std::uint64_t handled) : ruleset_(ruleset), handled_(handled) {}

  void allow(const std::string& path, std::uint64_t rights) {
    if (failure_ != 0) return;
    const OwnedFd opened(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!opened.valid()) {
      // What cannot be reached needs no rule; but a process without descriptors must not go on without its
      // rules.
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) fail(path, errno);
      return;
    }
    struct stat status{};
    if (::fstat(opened.get(), &status) != 0) return fail(path, errno);
    if (!S_ISDIR(status.st_mode)) rights &= kOfFiles;
    rights &= handled_;
    if (rights != 0 && landlock::add_path(ruleset_, opened.get(), rights) != 0) fail(path, errno);
  }

  [[nodiscard]] Result<void> result() const {
    if (failure_ == 0) return {};
    return not_confined(failed_path_, failure_);
  }

 private:
  void fail(const std::string& path, int number) {
    failed_path_ = path;
    failure_ = number;
  }

  const int ruleset_;
  const std::uint64_t handled_;
  std::string failed_path_;
  int failure_ = 0;
};

void allow_files(Rules& rules, const CommandOptions& options, const std::string& program,
                 const std::string& scratch) {
  for (const char* const path : kSystemReads) rules.allow(path, kRead);
  for (const char* const path : kSystemWrites) rules.allow(path, kWrite | landlock::kIoctlDevice);
  rules.allow(program, kRead);
  rules.allow(scratch, kWrite);
  for (const std::string& path : options.read_paths) rules.allow(path, kRead | landlock::kIoctlDevice);
  for (const std::string& path : options.write_paths) rules.allow(path, kWrite | landlock::kIoctlDevice);
}

Result<void> check_paths(std::string_view setting, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path.starts_with('/') && path.find('\0') == std::string::npos) continue;
    return invalid_field('/' + std::string(setting),
                         std::string(setting) + " has \"" + path + "\": it must be an absolute path");
  }
  return {};
}

Result<void> look_for(std::string_view setting, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const OwnedFd opened(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (opened.valid()) continue;
    return invalid_field('/' + std::string(setting),
                         std::string(setting) + " has " + path + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace

int landlock_abi() noexcept {
  const int version = landlock::version();
  return version < 0 ? 0 : version;
}

LandlockRights landlock_rights(Confine level, int abi) noexcept {
  if (level == Confine::kOff || abi < 1) return {};
  LandlockRights rights;
  if (level == Confine::kFiles) {
    rights.files = kEverything;
    if (abi < 2) rights.files &= ~std::uint64_t{LANDLOCK_ACCESS_FS_REFER};
    if (abi < 3) rights.files &= ~landlock::kTruncate;
    if (abi < 5) rights.files &= ~landlock::kIoctlDevice;
    if (abi >= 6) rights.scopes = landlock::kScopeSignal | landlock::kScopeAbstractUnix;
    return rights;
  }
  // A domain that takes nothing away but the sight of other processes. It has to name a right, and version 1
  // has none that could be given back for all files: there any domain forbids to move files between folders.
  if (abi < 2) return {};
  rights.files = LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 6) rights.scopes = landlock::kScopeSignal;
  return rights;
}

Confine confinement_of(const CommandOptions& options) noexcept {
  if (options.confine != Confine::kAuto) return options.confine;
  return options.read_paths.empty() && options.write_paths.empty() ? Confine::kProcesses : Confine::kFiles;
}

Result<void> check_confinement(const CommandOptions& options) {
  const bool lists = !options.read_paths.empty() || !options.write_paths.empty();
  if (lists && confinement_of(options) != Confine::kFiles) {
    return invalid_field(
        "/confine",
        "confine must be \"files\" (or left out) for read_paths and write_paths to mean anything");
  }
  if (auto checked = check_paths("read_paths", options.read_paths); !checked) return checked;
  return check_paths("write_paths", options.write_paths);
}

Result<void> look_for_paths(const CommandOptions& options) {
  if (auto found = look_for("read_paths", options.read_paths); !found) return found;
  return look_for("write_paths", options.write_paths);
}

Result<Confinement> make_confinement(const CommandOptions& options, int abi, const std::string& program,
                                     const std::string& scratch) {
  const Confine level = confinement_of(options);
  const LandlockRights rights = landlock_rights(level, abi);
  Confinement made;
  made.drop_capabilities = level != Confine::kOff;
  if (rights.files == 0) return made;
  made.ruleset = OwnedFd(landlock::create_ruleset(
      {.handled_access_fs = rights.files, .handled_access_net = 0, .scoped = rights.scopes}, abi));
  if (!made.ruleset.valid()) return not_confined("landlock_create_ruleset", errno);
  Rules rules(made.ruleset.get(), rights.files);
  if (level == Confine::kFiles) {
    allow_files(rules, options, program, scratch);
    made.may_read_own_proc = true;
  } else {
    rules.allow("/", LANDLOCK_ACCESS_FS_REFER);
  }
  if (auto added = rules.result(); !added) return std::move(added).error();
  return made;
}

bool enter_confinement(int ruleset, bool may_read_own_proc) noexcept {
  if (ruleset < 0) return true;
  if (may_read_own_proc) {
    // Without /proc a program misses it, and nothing else is wrong.
    const int own = ::open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (own >= 0) {
      landlock::add_path(ruleset, own, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
      ::close(own);
    }
  }
  return landlock::restrict_self(ruleset) == 0;
}

void drop_capabilities() noexcept {
  // Who may trace, profile or administrate reads any process, whatever its owner and its domain (mm_access of
  // Linux).
  constexpr unsigned long kReadOthers[] = {CAP_SYS_PTRACE, CAP_PERFMON, CAP_SYS_ADMIN};
  for (const unsigned long capability : kReadOthers) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

}  // namespace shunt::generation::command
