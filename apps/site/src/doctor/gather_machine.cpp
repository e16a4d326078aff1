#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "doctor/small_file.hpp"
#include "shunt/generation/drivers/command.hpp"
#include "shunt/site/gather.hpp"

namespace shunt::site {
namespace {

// "0::/system.slice/shunt.service" of version 2; that of the first version is not looked at.
std::string cgroup_folder() {
  const std::string text = small_file("/proc/self/cgroup");
  const std::size_t begin = text.find("0::/");
  if (begin == std::string::npos) return {};
  const std::size_t path = begin + 3;
  return "/sys/fs/cgroup" + text.substr(path, text.find('\n', path) - path);
}

}  // namespace

UserFacts gather_user() {
  UserFacts facts;
  facts.is_root = ::geteuid() == 0;
  std::array<char, 4096> space{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::geteuid(), &entry, space.data(), space.size(), &found);
  facts.name = found != nullptr ? found->pw_name : "user " + std::to_string(::geteuid());
  return facts;
}

KernelFacts gather_kernel(bool runs_programs) {
  KernelFacts facts;
  utsname system{};
  if (::uname(&system) == 0) facts.release = system.release;
  facts.open_to_programs = missing_confinement();
  facts.runs_programs = runs_programs;
  return facts;
}

LimitFacts gather_limits(std::uint64_t connections, std::uint64_t memory_limit) {
  LimitFacts facts;
  facts.connections = connections;
  facts.memory_limit = memory_limit;
  rlimit files{};
  // The hard one: a service raises its soft limit to it.
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max != RLIM_INFINITY)
    facts.open_files = files.rlim_max;
  facts.machine_memory = total_memory(small_file("/proc/meminfo"));
  if (const std::string folder = cgroup_folder(); !folder.empty())
    facts.cgroup_memory = cgroup_limit(small_file(folder + "/memory.max"));
  return facts;
}

ClockFacts gather_clock() {
  ClockFacts facts;
  facts.now = system_clock().now();
  timex question{};
  const int state = ::adjtimex(&question);
  if (state >= 0) facts.synchronized = state != TIME_ERROR && (question.status & STA_UNSYNC) == 0;
  return facts;
}

bool others_may_write(const std::string& file) {
  struct stat found{};
  return ::stat(file.c_str(), &found) == 0 && (found.st_mode & S_IWOTH) != 0;
}

}  // namespace shunt::site
