#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/redis.hpp"
#include "queue/records/generation_keys.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Takes up to `most` ids of ended generations from the list that append.lua keeps of those whose end no API
// process was told. Throws bullmq::Error. Not sent again when its answer is lost: what it took is nobody's
// then. The connection's thread.
[[nodiscard]] bullmq::awaitable<std::vector<std::string>> take_unseen(bullmq::Redis redis,
                                                                      GenerationKeys keys, std::size_t most);

}  // namespace shunt::executor
