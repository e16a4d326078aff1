#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/connection_options.hpp"
#include "redis/reply.hpp"

namespace bullmq::detail {

struct ServerVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const ServerVersion&) const = default;
};

// What a new connection says before it is used, in one write.
struct Handshake {
  enum class Step { auth, select, set_name, client_id, role, info, ping };
  std::string bytes;
  std::vector<Step> steps;
};
[[nodiscard]] Handshake make_handshake(const ConnectionOptions& options);

struct HandshakeResult {
  ServerVersion version;
  std::int64_t client_id = 0;
};
// Throws RedisError, or Error with a message that says what was expected, when the answers mean that this
// connection is of no use: authentication refused, a replica, a server that loads its data or is too old.
[[nodiscard]] HandshakeResult judge_handshake(const Handshake& handshake, const std::vector<Reply>& replies,
                                              const ConnectionOptions& options);

// redis_version of INFO's text.
[[nodiscard]] ServerVersion parse_version(std::string_view info) noexcept;

}  // namespace bullmq::detail
