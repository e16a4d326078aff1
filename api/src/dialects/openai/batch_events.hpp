#pragma once

#include <array>
#include <string_view>

#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// What OpenAI's webhooks tell of a batch: each is the name of one end.
inline constexpr std::array<std::string_view, 4> kBatchEvents{"batch.completed", "batch.failed",
                                                              "batch.expired", "batch.cancelled"};

}  // namespace shunt::api::dialects::openai
