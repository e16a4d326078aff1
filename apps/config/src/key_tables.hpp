#pragma once

#include <deque>

#include "problems.hpp"
#include "shunt/config/namespace.hpp"
#include "table_fill.hpp"

namespace shunt::config {

struct LoadedKey {
  api::ApiKey key{};
  SettingGroup group{};  // bound to `key`
};

// Reads the value of server.keys. Names and hashes must differ from key to key. A deque, since groups point
// at keys.
[[nodiscard]] std::deque<LoadedKey> read_keys(const Node& given, Problems& problems);

}  // namespace shunt::config
