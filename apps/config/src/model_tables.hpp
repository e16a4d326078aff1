#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "problems.hpp"
#include "table_fill.hpp"

namespace shunt::config {

struct LoadedModel {
  ModelConfig config{};
  std::string driver_source{};
  SettingGroup group{};  // bound to `config`
};

// Reads the value of `models`, in the order of the file. A deque, since groups point at configs.
[[nodiscard]] std::deque<LoadedModel> read_models(const Node& given, Problems& problems);

// What a flag may still change is checked after it.
void check_model(const LoadedModel& model, Problems& problems);

}  // namespace shunt::config
