#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "input_rule_tables.hpp"
#include "problems.hpp"
#include "shunt/config/namespace.hpp"
#include "table_fill.hpp"

namespace shunt::config {

struct LoadedModel {
  ModelConfig config{};
  std::string driver_source{};
  SettingGroup group{};  // bound to `config`
  std::deque<LoadedInputRule> input_rules{};
};

// Reads the value of `models`, in the order of the file. A deque, since groups point at configs.
[[nodiscard]] std::deque<LoadedModel> read_models(const Node& given, Problems& problems);

// Gives one value to the model's setting of this name (without "models.NAME."), which may be one of its input
// rules.
void set_one(LoadedModel& model, std::string_view name, const Node& given, Problems& problems);

// What a flag may still change is checked after it, and what follows from other settings is filled in.
void finish_model(LoadedModel& model, Problems& problems);

}  // namespace shunt::config
