#include "model_tables.hpp"

#include <algorithm>
#include <ranges>
#include <type_traits>
#include <utility>

#include "served_calls.hpp"
#include "settings_table.hpp"
#include "shunt/config/did_you_mean.hpp"
#include "shunt/generation/artifact_rules.hpp"

namespace shunt::config {
namespace {

using Driver = decltype(ModelConfig::driver);

struct NamedDriver {
  std::string name;
  Driver fresh;
};

const std::vector<NamedDriver>& drivers() {
  static const std::vector<NamedDriver> kDrivers = {{"cog", CogOptions{}},
                                                    {"command", CommandOptions{}},
                                                    {"openai", OpenAiOptions{}},
                                                    {"simulator", SimulatorOptions{}}};
  return kDrivers;
}

void bind_driver(Driver& driver, std::vector<BoundSetting>& to) {
  std::visit(
      [&to]<typename Options>(Options& options) {
        if constexpr (std::is_same_v<Options, CommandOptions>) {
          bind(command_settings(), options, to);
        } else if constexpr (std::is_same_v<Options, OpenAiOptions>) {
          bind(openai_settings(), options, to);
        } else if constexpr (std::is_same_v<Options, CogOptions>) {
          bind(cog_settings(), options, to);
        } else {
          bind(simulator_settings(), options, to);
        }
      },
      driver);
}

// Sets the driver that the table names, or adds why it cannot.
bool choose_driver(LoadedModel& model, const std::optional<Entry>& named, const std::string& table_source,
                   Problems& problems) {
  constexpr std::string_view kAllowed = R"("cog", "command", "openai" or "simulator")";
  const std::string setting = model.group.prefix + "driver";
  if (!named) {
    problems.add(table_source, setting, "is missing; it must be " + std::string(kAllowed));
    return false;
  }
  const auto* text = std::get_if<std::string>(&named->node.value);
  std::vector<std::string> known;
  for (const NamedDriver& driver : drivers()) {
    known.push_back(driver.name);
    if (text == nullptr || *text != driver.name) continue;
    model.config.model.driver = driver.name;
    model.config.driver = driver.fresh;
    model.driver_source = named->node.source;
    return true;
  }
  problems.add(named->node.source, setting,
               "must be " + std::string(kAllowed) + "; got " + show(named->node) +
                   (text == nullptr ? "" : did_you_mean(*text, known)));
  return false;
}

// Tells a setting of another driver from a mistyped one.
void name_foreign(LoadedModel& model) {
  for (const NamedDriver& other : drivers()) {
    if (other.name == model.config.model.driver) continue;
    Driver fresh = other.fresh;
    std::vector<BoundSetting> settings;
    bind_driver(fresh, settings);
    for (const BoundSetting& setting : settings) {
      model.group.foreign.emplace(setting.text().name, "the driver " + in_quotes(other.name));
    }
  }
}

bool check_name(const std::string& name, const std::string& source, Problems& problems) {
  ModelRegistry rules;  // the one that knows what a name may be
  Model named;
  named.name = name;
  const auto added = rules.add(std::move(named));
  if (!added) problems.add(source, "", added.error().message);
  return added.ok();
}

// A model's `input` is the table of its input rules. A text there is what `input_mode` was called before
// there were any, and means the same.
void read_input(LoadedModel& model, Table& table, Problems& problems) {
  auto given = take_entry(table, "input");
  if (!given) return;
  if (const auto* rules = std::get_if<Table>(&given->node.value)) {
    model.input_rules =
        read_input_rules(*rules, model.group.prefix + "input.", model.config.input_rules, problems);
    return;
  }
  if (std::ranges::find(table, "input_mode", &Entry::key) != table.end()) {
    problems.add(given->node.source, model.group.prefix + "input",
                 "must be a table of input rules; got " + show(given->node) +
                     " (what was `input` is `input_mode` now)");
    return;
  }
  given->key = "input_mode";
  table.push_back(std::move(*given));
}

// The tables of its servers, where it has several.
void read_servers(LoadedModel& model, Table& table, Problems& problems) {
  if (!std::holds_alternative<OpenAiOptions>(model.config.driver)) return;
  model.group.also_known.emplace_back("upstreams");
  const auto given = take_entry(table, "upstreams");
  if (given) model.upstreams = read_upstreams(given->node, model.group.prefix, problems);
}

void read_model(LoadedModel& model, Table table, const std::string& source, Problems& problems) {
  model.group.prefix = "models." + key_text(model.config.model.name) + '.';
  const auto driver = take_entry(table, "driver");
  if (!choose_driver(model, driver, source, problems)) return;  // which settings it has is not known
  bind(model_settings(), model.config.model, model.group.settings);
  bind(call_settings(), model.config.calls, model.group.settings);
  bind(flip_model_settings(), model.config.flip_policy, model.group.settings);
  bind(shadow_model_settings(), model.config.shadow, model.group.settings);
  bind_driver(model.config.driver, model.group.settings);
  model.group.also_known.emplace_back("driver");
  model.group.also_known.emplace_back("input");
  read_input(model, table, problems);
  read_servers(model, table, problems);
  name_foreign(model);
  fill(model.group, table, source, problems);
}

}  // namespace

std::deque<LoadedModel> read_models(const Node& given, Problems& problems) {
  std::deque<LoadedModel> models;
  const auto* tables = std::get_if<Table>(&given.value);
  if (tables == nullptr) {
    problems.add(given.source, "models", "must be [models.NAME] tables; got " + show(given));
    return models;
  }
  for (const Entry& entry : *tables) {
    const auto* table = std::get_if<Table>(&entry.node.value);
    if (table == nullptr) {
      problems.add(entry.node.source, "models." + key_text(entry.key),
                   "must be a table of the model's settings; got " + show(entry.node));
      continue;
    }
    if (!check_name(entry.key, entry.node.source, problems)) continue;
    LoadedModel& made = models.emplace_back();
    made.config.model.name = entry.key;
    read_model(made, *table, entry.node.source, problems);
  }
  return models;
}

void set_one(LoadedModel& model, std::string_view name, const Node& given, Problems& problems) {
  if (name == "input") name = "input_mode";  // as in read_input
  // A rule comes before those within it, whose names begin with its own.
  for (LoadedInputRule& rule : std::views::reverse(model.input_rules)) {
    for (const std::string& place : rule.names) {
      if (!name.starts_with(place) || !name.substr(place.size()).starts_with('.')) continue;
      return fill_one(rule.group, name.substr(place.size() + 1), given, problems);
    }
  }
  for (LoadedUpstream& loaded : model.upstreams) {
    const std::string_view prefix = std::string_view(loaded.group.prefix).substr(model.group.prefix.size());
    if (name.starts_with(prefix)) return fill_one(loaded.group, name.substr(prefix.size()), given, problems);
  }
  fill_one(model.group, name, given, problems);
}

namespace {

// A setting of the model's table; nullptr: it is not given.
const BoundSetting* given_setting(const LoadedModel& model, std::string_view name) {
  const auto setting = std::ranges::find_if(
      model.group.settings, [&](const BoundSetting& each) { return each.text().name == name; });
  return setting != model.group.settings.end() && setting->given() ? &*setting : nullptr;
}

// `name`: a setting of the model's table.
void cannot_be_used(const LoadedModel& model, const std::string& name, const std::string& why,
                    Problems& problems) {
  const BoundSetting* const given = given_setting(model, name);
  problems.add(given != nullptr ? given->explain({}).source : model.driver_source, model.group.prefix + name,
               "cannot be used: " + why);
}

// What a driver's own check has found: its field is "/argv" or "/defaults/voice".
void cannot_be_used(const LoadedModel& model, const Error& error, Problems& problems) {
  const std::string field(error.details.at("field").as_string());
  cannot_be_used(model, field.substr(1, field.find('/', 1) - 1), error.message, problems);
}

// As many generations run at once as there are programs that stay.
void fit_concurrency(LoadedModel& model, const CommandOptions& command, Problems& problems) {
  if (command.keep == 0) return;
  Model& common = model.config.model;
  if (given_setting(model, "concurrency") == nullptr) common.concurrency = command.keep;
  if (common.concurrency <= command.keep) return;
  cannot_be_used(model, "concurrency",
                 std::to_string(common.concurrency) + " generations cannot run at once in the " +
                     std::to_string(command.keep) + " programs of keep",
                 problems);
}

void check_command_model(const LoadedModel& model, const CommandOptions& command, Problems& problems) {
  if (command.argv.empty()) return;
  const auto rules = InputRules::compile(model.config.input_rules);
  if (const auto checked = check_command(command, *rules); !checked)
    cannot_be_used(model, checked.error(), problems);
}

// `problems` may have said already what a table of `upstreams` lacks.
void check_openai_model(const LoadedModel& model, OpenAiOptions& openai, Problems& problems) {
  if (model.upstreams.empty()) {
    const std::pair<std::string_view, bool> needed[] = {{"base_url", openai.base_url.empty()},
                                                        {"model", openai.model.empty()}};
    bool complete = true;
    for (const auto& [name, missing] : needed) {
      if (!missing) continue;
      complete = false;
      problems.add(model.driver_source, model.group.prefix + std::string(name),
                   "is missing; it must be a text that is not empty, or stand in [[upstreams]] tables");
    }
    if (!complete) return;
  }
  for (const LoadedUpstream& loaded : model.upstreams) openai.upstreams.push_back(loaded.upstream);
  if (!openai.api_key_env.empty() && !openai.api_key_file.empty()) {
    problems.add(model.driver_source, model.group.prefix + "api_key_env",
                 "and api_key_file cannot both be given: where does the key come from?");
  }
  if (const auto checked = check_openai(openai); !checked) cannot_be_used(model, checked.error(), problems);
}

// They are compared with Accept headers, and shown.
void check_produced_types(const LoadedModel& model, Problems& problems) {
  for (const std::string& type : model.config.model.produces) {
    if (is_valid_media_type(type)) continue;
    cannot_be_used(model, "produces", in_quotes(type) + " is no media type, as in \"image/png\"", problems);
  }
}

// A copy that its own generator runs is the same work once more.
void check_shadow(const LoadedModel& model, Problems& problems) {
  const bool twice = model.config.shadow.generator == flip::ShadowGenerator::kReal &&
                     !may_run_again(model.config.model.on_lost, Setback::kFailed);
  if (twice) {
    cannot_be_used(model, "shadow",
                   "\"real\" runs copies of what on_lost = \"fail\" runs once; use \"stub\" or \"off\"",
                   problems);
  }
}

// Else they would be sent, and nobody would read them.
void check_takes_files(const LoadedModel& model, Problems& problems) {
  const auto* const openai = std::get_if<OpenAiOptions>(&model.config.driver);
  const bool takes = openai != nullptr ? takes_files(openai->operation)
                                       : !std::holds_alternative<SimulatorOptions>(model.config.driver);
  if (takes) return;
  for (const auto& [member, rule] : model.config.input_rules) {
    if (rule.type != InputRule::Type::kFile) continue;
    problems.add(model.driver_source, model.group.prefix + "input." + member + ".type",
                 openai != nullptr ? "\"file\" cannot be used: the model's operation takes no files"
                                   : "\"file\" cannot be used: the simulator takes no files");
  }
}

}  // namespace

void finish_model(LoadedModel& model, Problems& problems) {
  model.config.model.calls = served_calls(model.config.calls, model.group.settings);
  if (model.config.model.calls.empty()) model.config.model.calls = usual_calls(model.config);
  bool sound = true;
  for (const auto& [member, rule] : model.config.input_rules) {
    sound &= check_input_rule(model.input_rules, member, rule, problems);
  }
  check_produced_types(model, problems);
  check_shadow(model, problems);
  check_takes_files(model, problems);
  const auto* command = std::get_if<CommandOptions>(&model.config.driver);
  if (command != nullptr) fit_concurrency(model, *command, problems);
  if (command != nullptr && sound) check_command_model(model, *command, problems);
  if (const auto* cog = std::get_if<CogOptions>(&model.config.driver);
      cog != nullptr && !cog->base_url.empty()) {
    if (const auto checked = check_cog(*cog); !checked) cannot_be_used(model, checked.error(), problems);
  }
  auto* const openai = std::get_if<OpenAiOptions>(&model.config.driver);
  if (openai != nullptr) check_openai_model(model, *openai, problems);
}

}  // namespace shunt::config
