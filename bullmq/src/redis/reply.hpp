#pragma once

#include <string_view>

#include "bullmq/redis_reply.hpp"

namespace bullmq::detail {

using Reply = RedisReply;

// The number that a text is; 0 when it is none.
[[nodiscard]] double parse_number(std::string_view text) noexcept;

}  // namespace bullmq::detail
