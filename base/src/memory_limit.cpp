#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "memory_limit.hpp"
#include "shunt/base/memory_budget.hpp"

namespace shunt::base {
namespace {

constexpr std::size_t kMost = std::size_t{512} << 20U;

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void lower_to(std::size_t& limit, const std::string& path) {
  std::size_t bytes = 0;
  std::ifstream file(path);
  // "max" in version 2 and a number near 2^63 in version 1 mean that there is none.
  if (file >> bytes && bytes > 0) limit = std::min(limit, bytes);
}

// Looks at the group and at all that it lies in: each of them counts.
void lower_to_groups(std::size_t& limit, const std::string& root, std::string group, const char* file) {
  for (;;) {
    lower_to(limit, root + group + '/' + file);
    const auto slash = group.rfind('/');
    if (slash == std::string::npos) return;
    group.resize(slash);
  }
}

}  // namespace

// A line is "0::/group" in version 2, and "7:memory:/group" in version 1. In a container the path may be one
// of the host's, which is not there: then the root is the container's own group.
std::size_t cgroup_memory_limit(const std::string& cgroups, const std::string& root) {
  std::size_t limit = std::size_t(-1);
  std::istringstream lines(cgroups);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
    std::string group = line.substr(second + 1);
    if (group == "/") group.clear();
    if (controllers == ",,") {
      lower_to_groups(limit, root, group, "memory.max");
    } else if (controllers.find(",memory,") != std::string::npos) {
      lower_to_groups(limit, root + "/memory", group, "memory.limit_in_bytes");
    }
  }
  return limit;
}

std::size_t default_memory_limit() {
  return std::min(kMost, cgroup_memory_limit(content_of("/proc/self/cgroup"), "/sys/fs/cgroup"));
}

}  // namespace shunt::base
