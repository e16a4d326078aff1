#pragma once

#include <deque>
#include <string>
#include <vector>

#include "problems.hpp"
#include "shunt/config/namespace.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "table_fill.hpp"

namespace shunt::config {

// A [[models.NAME.upstreams]] table. Bound to what it stands for, which does not move.
struct LoadedUpstream {
  OpenAiUpstream upstream{};
  SettingGroup group{};
};

// Reads the value of a model's `upstreams`. `prefix` is "models.NAME.". A deque, since groups point at
// upstreams.
[[nodiscard]] std::deque<LoadedUpstream> read_upstreams(const Node& given, const std::string& prefix,
                                                        Problems& problems);

}  // namespace shunt::config
