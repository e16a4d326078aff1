#include <algorithm>
#include <deque>
#include <utility>

#include "config_file.hpp"
#include "key_tables.hpp"
#include "model_tables.hpp"
#include "problems.hpp"
#include "settings_table.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/config/did_you_mean.hpp"
#include "table_fill.hpp"
#include "toml_reader.hpp"
#include "unread_variables.hpp"

namespace shunt::config {

Configuration::Configuration() = default;

namespace {

template <typename Target>
bool names(const std::vector<Setting<Target>>& settings, std::string_view name) {
  return std::ranges::any_of(settings, [name](const auto& each) { return each.text.name == name; });
}

// Of a model's own settings: all but its limits and words, which nothing is made by. What becomes of unlisted
// members is a rule of its input, which a driver may go by.
bool is_of_generator(std::string_view name) {
  return name == "unlisted_input" ||
         !(names(model_settings(), name) || names(call_settings(), name) ||
           names(flip_model_settings(), name) || names(shadow_model_settings(), name));
}

std::string joined(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

// Builds the configuration up, source by source, the weakest first.
class Loading {
 public:
  Loading() {
    bind(general_settings(), configuration_, general_.settings);
    general_.also_known = {"models", "server.keys"};
  }

  void apply_file(Table root, const std::string& file) {
    const auto models = take_entry(root, "models");
    const auto keys = take_entry(root, "server.keys");
    fill(general_, root, file, problems_);
    if (keys) keys_ = read_keys(keys->node, problems_);
    if (models) models_ = read_models(models->node, problems_);
    const Table* const tables = models ? std::get_if<Table>(&models->node.value) : nullptr;
    if (!models || (tables != nullptr && tables->empty())) {
      problems_.add(file, "",
                    "there is no model: add a [models.NAME] table (docs/configuration.md shows some)");
    }
  }

  void apply_environment(const Sources& sources) {
    variables_ = sources.variables;
    if (!sources.environment) return;
    for (BoundSetting& setting : general_.settings) {
      const std::string& variable = setting.text().environment;
      const auto value = sources.environment(variable);
      if (!value || value->empty()) continue;
      setting.take(Node{Untyped{*value}, "environment " + variable}, setting.text().name, problems_);
    }
  }

  void apply_flags(const Sources& sources) {
    for (const auto& [name, value] : sources.flags) {
      if (const auto found = model_of(name); found.model != nullptr) {
        set_one(*found.model, found.setting, Node{Untyped{value}, "--set " + name}, problems_);
      } else {
        fill_one(general_, name, Node{Untyped{value}, flag_of(name)}, problems_);
      }
    }
  }

  [[nodiscard]] Result<Loaded> finish(std::string file) {
    for (LoadedModel& model : models_) finish_model(model, problems_);
    check_default_model();
    check_key_models();
    check_queue();
    check_file_store();
    if (!problems_.empty()) return problems_.error();
    Loaded loaded;
    loaded.file = std::move(file);
    loaded.explained = explain();
    loaded.secret_variables = secret_variables();
    loaded.unread_variables = unread();
    for (LoadedKey& key : keys_) configuration_.server.keys.push_back(std::move(key.key));
    for (LoadedModel& model : models_) configuration_.models.push_back(std::move(model.config));
    loaded.configuration = std::move(configuration_);
    return loaded;
  }

 private:
  struct ModelSetting {
    LoadedModel* model = nullptr;
    std::string_view setting{};
  };

  // A flag names a model's setting. On a command line the model's name may stand without the quotes that
  // TOML wants around "qwen2.5:7b"; of two that fit, as `a` and `a.b` may, the longer one is meant.
  [[nodiscard]] ModelSetting model_of(std::string_view name) {
    ModelSetting best;
    for (LoadedModel& model : models_) {
      for (const std::string& prefix : {model.group.prefix, "models." + model.config.model.name + '.'}) {
        if (!name.starts_with(prefix)) continue;
        const std::string_view setting = name.substr(prefix.size());
        if (best.model == nullptr || setting.size() < best.setting.size()) best = {&model, setting};
      }
    }
    return best;
  }

  [[nodiscard]] static std::string flag_of(const std::string& name) {
    for (const auto& setting : general_settings()) {
      if (setting.text.name == name && !setting.text.flag.empty()) return setting.text.flag;
    }
    return "--set " + name;
  }

  [[nodiscard]] std::vector<std::string> model_names() const {
    std::vector<std::string> names;
    for (const LoadedModel& model : models_) names.push_back(model.config.model.name);
    return names;
  }

  void check_default_model() {
    const auto setting = std::ranges::find_if(
        general_.settings, [](const BoundSetting& s) { return s.text().name == "default_model"; });
    const auto called = [this](const LoadedModel& model) {
      return model.config.model.name == configuration_.default_model;
    };
    if (models_.empty() || std::ranges::any_of(models_, called)) return;
    if (!setting->given()) {
      configuration_.default_model = models_.front().config.model.name;
      return;
    }
    const std::vector<std::string> known = model_names();
    problems_.add(setting->explain({}).source, "default_model",
                  "must be one of the models (" + joined(known) + "); got " +
                      in_quotes(configuration_.default_model) +
                      did_you_mean(configuration_.default_model, known));
  }

  void check_key_models() {
    const std::vector<std::string> known = model_names();
    for (const LoadedKey& key : keys_) {
      for (const std::string& name : key.key.models) {
        if (std::ranges::find(known, name) != known.end()) continue;
        const auto setting = std::ranges::find_if(
            key.group.settings, [](const BoundSetting& s) { return s.text().name == "models"; });
        problems_.add(
            setting->explain({}).source, key.group.prefix + "models",
            "names the model " + in_quotes(name) + ", which is not configured" + did_you_mean(name, known));
      }
    }
  }

  [[nodiscard]] std::string source_of(std::string_view name) const {
    const auto setting = std::ranges::find_if(
        general_.settings, [name](const BoundSetting& s) { return s.text().name == name; });
    return setting->explain({}).source;
  }

  // Only once it matters: with the queue disabled nobody has to know a Redis.
  void check_queue() {
    if (!configuration_.queue_enabled && !configuration_.roles.worker) return;
    if (const auto fits = executor::check(configuration_.queue); !fits) {
      const std::string& message = fits.error().message;
      const std::string name = message.substr(0, message.find(' '));
      problems_.add(source_of(name), name, message.substr(std::min(message.size(), name.size() + 1)));
    }
    const std::vector<std::string> known = model_names();
    for (const std::string& name : configuration_.worker.models) {
      if (std::ranges::find(known, name) == known.end()) {
        problems_.add(source_of("worker.models"), "worker.models",
                      "must be of the models (" + joined(known) + "); got " + in_quotes(name) +
                          did_you_mean(name, known));
      }
    }
  }

  // What S3 takes in one piece (docs/decisions/0024).
  void check_file_store() {
    constexpr std::size_t kMostInBucket = std::size_t{5} << 30U;
    const bool in_bucket =
        configuration_.file_store.directory.empty() && !configuration_.artifacts.s3.bucket.empty();
    if (in_bucket && configuration_.server.files.max_bytes > kMostInBucket) {
      problems_.add(source_of("files.max_bytes"), "files.max_bytes",
                    "must be at most 5GiB where files lie in a bucket (artifacts.s3.bucket)");
    }
  }

  [[nodiscard]] std::vector<std::string> secret_variables() const {
    std::vector<std::string> names{"SHUNT_API_KEY", configuration_.artifacts.s3_access_key_env,
                                   configuration_.artifacts.s3_secret_key_env};
    for (const BoundSetting& setting : general_.settings) {
      if (setting.text().secret) names.push_back(setting.text().environment);
    }
    for (const LoadedModel& model : models_) {
      if (const auto* cog = std::get_if<CogOptions>(&model.config.driver)) {
        for (const auto& [header, variable] : cog->headers_env) names.push_back(variable);
      }
      const auto* openai = std::get_if<OpenAiOptions>(&model.config.driver);
      if (openai == nullptr) continue;
      add_secret_variables(*openai, names);
      for (const OpenAiServer& server : openai->upstreams) add_secret_variables(server, names);
    }
    return names;
  }

  [[nodiscard]] std::vector<UnreadVariable> unread() const {
    std::vector<SettingVariable> settings;
    for (const BoundSetting& setting : general_.settings) {
      if (!setting.text().environment.empty())
        settings.push_back({setting.text().name, setting.text().environment});
    }
    std::vector<std::string> used_elsewhere = secret_variables();
    used_elsewhere.emplace_back("SHUNT_CONFIG");
    for (const LoadedModel& model : models_) {
      if (const auto* command = std::get_if<CommandOptions>(&model.config.driver)) {
        const auto& passed = command->pass_environment;
        used_elsewhere.insert(used_elsewhere.end(), passed.begin(), passed.end());
      }
    }
    return unread_variables(variables_, settings, used_elsewhere);
  }

  static void add_secret_variables(const OpenAiServer& server, std::vector<std::string>& names) {
    if (!server.api_key_env.empty()) names.push_back(server.api_key_env);
    for (const auto& [header, variable] : server.headers_env) names.push_back(variable);
  }

  [[nodiscard]] std::vector<Explained> explain() const {
    std::vector<Explained> explained;
    const auto add = [&explained](const SettingGroup& group, const std::string& table) {
      for (const BoundSetting& setting : group.settings) {
        Explained made = setting.explain(group.prefix + setting.text().name);
        made.table = table;
        explained.push_back(std::move(made));
      }
    };
    add(general_, "");
    for (const LoadedKey& key : keys_)
      add(key.group, key.group.prefix.substr(0, key.group.prefix.size() - 1));
    for (const LoadedModel& model : models_) {
      const std::string table = model.group.prefix.substr(0, model.group.prefix.size() - 1);
      const auto add_of_model = [&](const SettingGroup& group, bool all_of_generator) {
        const std::size_t first = explained.size();
        add(group, table);
        for (std::size_t i = first; i < explained.size(); ++i) {
          explained[i].live = true;  // as a model is as a whole
          explained[i].of_generator =
              all_of_generator || is_of_generator(group.settings[i - first].text().name);
        }
      };
      explained.push_back({model.group.prefix + "driver", in_quotes(model.config.model.driver),
                           model.driver_source, true, model.config.model.driver, table, true});
      add_of_model(model.group, false);
      for (const LoadedInputRule& rule : model.input_rules) add_of_model(rule.group, true);
      for (const LoadedUpstream& upstream : model.upstreams) add_of_model(upstream.group, true);
    }
    return explained;
  }

  Configuration configuration_;
  SettingGroup general_;
  std::deque<LoadedKey> keys_;
  std::deque<LoadedModel> models_;
  std::vector<std::string> variables_;
  Problems problems_;
};

}  // namespace

Result<Loaded> load(const Sources& sources) {
  auto file = find_config_file(sources);
  if (!file) return std::move(file).error();
  auto root = read_toml(file->text, file->name);
  if (!root) return std::move(root).error();
  Loading loading;
  loading.apply_file(std::move(*root), file->name);
  loading.apply_environment(sources);
  loading.apply_flags(sources);
  return loading.finish(file->name);
}

}  // namespace shunt::config
