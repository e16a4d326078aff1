#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "input_rule_tables.hpp"
#include "problems.hpp"
#include "shunt/config/namespace.hpp"
#include "table_fill.hpp"
#include "upstream_tables.hpp"

namespace shunt::config {

struct LoadedModel {
  ModelConfig config{};
  std::string driver_source{};
  SettingGroup group{};  // bound to `config`
  std::deque<LoadedInputRule> input_rules{};
  std::deque<LoadedUpstream> upstreams{};
};

// Reads the value of `models`, in the order of the file. A deque, since groups point at configs.
[[nodiscard]] std::deque<LoadedModel> read_models(const Node& given, Problems& problems);

// Gives one value to the model's setting of this name (without "models.NAME."), which may be one of its input
// rules or, as "upstreams[0].weight", one of its servers'.
void set_one(LoadedModel& model, std::string_view name, const Node& given, Problems& problems);

// What a flag may still change is checked after it, and what follows from other settings is filled in: the
// model's servers become part of its config.
void finish_model(LoadedModel& model, Problems& problems);

}  // namespace shunt::config
