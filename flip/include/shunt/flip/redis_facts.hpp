#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// What a Redis told of itself. An optional that is unset is what it does not tell, or hides.
struct RedisFacts {
  std::optional<std::string> failure;  // why it could not be asked: nothing else is set then
  std::chrono::milliseconds reached_in{0};

  std::string product = "redis";  // or "valkey", "dragonfly"
  std::string version;            // as it tells it; "" = it does not
  std::string role;               // "master", "slave"
  bool cluster = false;
  std::optional<std::string> eviction_policy;
  std::optional<std::uint64_t> used_memory;  // bytes
  std::optional<std::uint64_t> max_memory;   // bytes; 0 = no limit
  std::optional<bool> append_only;
  std::optional<bool> last_save_ok;  // of the snapshot and of the append-only file's writes and rewrites
  std::optional<std::uint64_t> clients;
  std::optional<std::uint64_t> max_clients;
  std::optional<std::uint64_t> replicas;
  std::optional<std::chrono::seconds> replica_lag;      // of the replica that is farthest behind
  std::optional<std::chrono::milliseconds> clock_skew;  // of its clock against ours, whichever is ahead
  // How long calls of a script took, one after the other.
  std::optional<std::chrono::microseconds> script_p99;
  // Commands that are needed and that its rules (ACL) forbid this user.
  std::optional<std::vector<std::string>> refused_commands;
};

// The lines of INFO that are wanted here. Pure; any text will do, for the server may be anything. Takes time
// in proportion to the text.
[[nodiscard]] RedisFacts facts_of_info(std::string_view info);

// The major, minor and patch number of a version; nullopt if it does not begin with a number.
[[nodiscard]] std::optional<std::array<std::uint32_t, 3>> parse_version(std::string_view version) noexcept;

}  // namespace shunt::flip
