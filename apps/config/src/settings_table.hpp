#pragma once

#include <string_view>
#include <vector>

#include "setting.hpp"
#include "shunt/config/namespace.hpp"
#include "value_kinds.hpp"

// Every setting there is: reading, `shunt config show` and docs/configuration.md all go by these tables.
// Names equal those of the C++ options, so that an error of a part names the setting.
namespace shunt::config {

[[nodiscard]] const std::vector<Setting<Configuration>>& general_settings();

// The part of the general ones that is about the queue and its workers (queue_settings.cpp).
[[nodiscard]] std::vector<Setting<Configuration>> queue_settings();

// Those about the flip (flip_settings.cpp).
[[nodiscard]] std::vector<Setting<Configuration>> flip_settings();

// The settings about artifacts (artifact_settings.cpp).
[[nodiscard]] std::vector<Setting<Configuration>> artifact_settings();

// Those about callers' files (likewise).
[[nodiscard]] std::vector<Setting<Configuration>> file_settings();

// The settings about batches (batch_settings.cpp).
[[nodiscard]] std::vector<Setting<Configuration>> batch_settings();

// The settings about traces (tracing_settings.cpp).
[[nodiscard]] std::vector<Setting<Configuration>> tracing_settings();

// The settings about webhooks, and those of a key (webhook_settings.cpp).
[[nodiscard]] std::vector<Setting<Configuration>> webhook_settings();
[[nodiscard]] std::vector<Setting<api::ApiKey>> webhook_key_settings();

// The settings of a [[server.keys]] table.
[[nodiscard]] const std::vector<Setting<api::ApiKey>>& key_settings();

// The settings of every [models.NAME] table, after `driver`.
[[nodiscard]] const std::vector<Setting<Model>>& model_settings();

// [models.NAME.calls]
[[nodiscard]] const std::vector<Setting<ConfiguredCalls>>& call_settings();

// Those of them that are about the flip (flip_settings.cpp).
[[nodiscard]] const std::vector<Setting<flip::ModelPolicy>>& flip_model_settings();

// How copies of the model's requests are run and compared (flip_settings.cpp).
[[nodiscard]] const std::vector<Setting<flip::ShadowOptions::Model>>& shadow_model_settings();

// The settings of a [models.NAME.input.MEMBER] table (input_rule_tables.cpp).
[[nodiscard]] const std::vector<Setting<InputRule>>& input_rule_settings();

// The words for what becomes of members without a rule (input_rule_tables.cpp).
[[nodiscard]] kind::Choice<Unlisted> unlisted_kinds();

// The settings of a [models.NAME] table with this driver.
[[nodiscard]] const std::vector<Setting<CommandOptions>>& command_settings();
[[nodiscard]] const std::vector<Setting<OpenAiOptions>>& openai_settings();
// The settings of one of its [[models.NAME.upstreams]] tables.
[[nodiscard]] const std::vector<Setting<OpenAiUpstream>>& upstream_settings();
[[nodiscard]] const std::vector<Setting<CogOptions>>& cog_settings();
[[nodiscard]] const std::vector<Setting<SimulatorOptions>>& simulator_settings();

}  // namespace shunt::config
