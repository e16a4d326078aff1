#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/connection_options.hpp"
#include "redis/reply.hpp"

namespace bullmq::detail {

// "10.0.0.1:6379" (also "[::1]:6379") from a MOVED or ASK error: "MOVED 3999 10.0.0.1:6379". An empty host
// means the host that was asked.
struct Redirect {
  bool ask = false;
  RedisAddress address;
};
[[nodiscard]] std::optional<Redirect> parse_redirect(std::string_view error, const std::string& asked_host);

// CRC16 (XMODEM) of the key, or of its hash tag, modulo 16,384: the cluster's rule.
[[nodiscard]] std::uint16_t hash_slot(std::string_view key) noexcept;
// The part between the first '{' and the next '}', if it is not empty.
[[nodiscard]] std::optional<std::string_view> hash_tag(std::string_view key) noexcept;

// All keys of a cluster's queue have to be in one slot, so its prefix or its name needs a hash tag. Throws
// ValidationError when there is none.
void require_hash_tag(const ConnectionOptions& connection, const std::string& prefix,
                      const std::string& queue);

// The primary that serves the slot, from the reply to CLUSTER SLOTS.
[[nodiscard]] std::optional<RedisAddress> slot_owner(const Reply& cluster_slots, std::uint16_t slot,
                                                     const std::string& asked_host);

// "host:port" for messages.
[[nodiscard]] std::string to_string(const RedisAddress& address);

}  // namespace bullmq::detail
