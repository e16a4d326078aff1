#pragma once

#include <cstddef>
#include <string>

namespace shunt::base {

// The lowest memory limit of the groups that /proc/self/cgroup (`cgroups`) names, below `root`
// (/sys/fs/cgroup). The largest value there is when none of them has one.
[[nodiscard]] std::size_t cgroup_memory_limit(const std::string& cgroups, const std::string& root);

}  // namespace shunt::base
