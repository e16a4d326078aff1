#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/site/doctor_facts.hpp"
#include "shunt/site/namespace.hpp"

// What the machine says of itself. Each looks and changes nothing. Those of disks may hang where a network's
// file system does: ask them side by side (side_by_side.hpp).
namespace shunt::site {

[[nodiscard]] UserFacts gather_user();
[[nodiscard]] KernelFacts gather_kernel(bool runs_programs);
[[nodiscard]] LimitFacts gather_limits(std::uint64_t connections, std::uint64_t memory_limit);
// Tries to listen for a moment, and asks who has the port where that fails.
[[nodiscard]] PortFacts gather_port(const std::string& address, std::uint16_t port);
[[nodiscard]] FolderFacts gather_folder(std::string purpose, const std::string& path,
                                        std::uint64_t wanted_bytes);
[[nodiscard]] ClockFacts gather_clock();

// Whether everybody may write to a file. False where it is not there.
[[nodiscard]] bool others_may_write(const std::string& file);

// The inode of the socket that listens on a port, in the text of /proc/net/tcp or tcp6. Pure.
[[nodiscard]] std::optional<std::uint64_t> listening_inode(std::string_view table, std::uint16_t port);
// The bytes of "MemTotal:  123 kB" in the text of /proc/meminfo. Pure.
[[nodiscard]] std::optional<std::uint64_t> total_memory(std::string_view meminfo);
// The limit in the text of a cgroup's memory.max; nothing for "max". Pure.
[[nodiscard]] std::optional<std::uint64_t> cgroup_limit(std::string_view memory_max);

}  // namespace shunt::site
