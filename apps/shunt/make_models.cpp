#include "make_models.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "config_place.hpp"
#include "shunt/generation/kept_programs.hpp"

namespace shunt::app {
namespace {

// Debian's packages of programs that the documentation uses.
const std::map<std::string, std::string, std::less<>> kPackages = {
    {"espeak-ng", "espeak-ng"}, {"ffmpeg", "ffmpeg"}, {"sox", "sox"}, {"convert", "imagemagick"}};

struct MakeGenerator {
  EventLoopThreads& loops;
  const InputRules& rules;
  const std::string& model;
  FileSource* files;

  Result<std::unique_ptr<Generator>> operator()(const SimulatorOptions& options) const {
    return make_simulator(options);
  }
  Result<std::unique_ptr<Generator>> operator()(const CommandOptions& options) const {
    CommandOptions named = options;
    named.model = model;
    return make_command_generator(std::move(named), loops, rules, files);
  }
  Result<std::unique_ptr<Generator>> operator()(const OpenAiOptions& options) const {
    return make_openai_generator(options, files);
  }
  Result<std::unique_ptr<Generator>> operator()(const CogOptions& options) const {
    return make_cog_generator(options, files);
  }
};

// "shunt.toml:12": the place of the setting that `message` begins with, else the first one that says anything
// of the model; "" for a model that is built in.
std::string place_of(const std::string& model, std::string_view message, const config::Loaded& loaded) {
  // TOML quotes a key with other characters than letters, digits, - and _.
  const std::string plain = "models." + model + '.';
  const std::string quoted = "models.\"" + model + "\".";
  for (const std::string& table : {plain, quoted}) {
    if (std::string place = place_named_by(message, loaded, table); !place.empty()) return place;
  }
  for (const config::Explained& setting : loaded.explained) {
    if (setting.source == "default") continue;
    if (setting.name.starts_with(plain) || setting.name.starts_with(quoted)) return setting.source;
  }
  return "";
}

std::string advice_for(const config::ModelConfig& configured) {
  const auto* const command = std::get_if<CommandOptions>(&configured.driver);
  if (command == nullptr || command->argv.empty()) return "";
  const auto package = kPackages.find(std::filesystem::path(command->argv.front()).filename().string());
  if (package == kPackages.end()) return "";
  return " (on Debian: apt-get install " + package->second + ")";
}

Error cannot_work(const config::ModelConfig& configured, const config::Loaded& loaded, const Error& cause) {
  const std::string place = place_of(configured.model.name, cause.message, loaded);
  return Error{"invalid_configuration", (place.empty() ? "" : place + ": ") + "the model \"" +
                                            configured.model.name + "\" cannot work: " + cause.message +
                                            advice_for(configured)};
}

template <typename Own>
Result<Model> make_with(const config::ModelConfig& configured, const config::Loaded& loaded,
                        EventLoopThreads& loops, FileSource* files, Own own) {
  auto rules = InputRules::compile(configured.input_rules, configured.model.unlisted_input);
  if (!rules) return cannot_work(configured, loaded, rules.error());
  auto generator = std::visit(MakeGenerator{loops, *rules, configured.model.name, files}, configured.driver);
  if (!generator) return cannot_work(configured, loaded, generator.error());
  Model model = configured.model;
  model.generator = own(std::move(*generator));
  model.input_rules = std::move(*rules);
  return model;
}

}  // namespace

Result<Model> make_model(const config::ModelConfig& configured, const config::Loaded& loaded,
                         EventLoopThreads& loops, FileSource* files) {
  return make_with(configured, loaded, loops, files, [](std::unique_ptr<Generator> generator) {
    return std::shared_ptr<Generator>(std::move(generator));
  });
}

namespace {

Result<Model> make_owned(const config::ModelConfig& configured, const config::Loaded& loaded,
                         EventLoopThreads& loops, FileSource* files, GeneratorEndings& endings) {
  return make_with(configured, loaded, loops, files, [&endings](std::unique_ptr<Generator> generator) {
    return endings.own(std::move(generator));
  });
}

// The limits of the one, and what runs the other.
Model with_limits(const config::ModelConfig& configured, const Model& running) {
  Model model = configured.model;
  model.generator = running.generator;
  model.input_rules = running.input_rules;
  return model;
}

Result<void> add_remade(ModelRegistry& models, const config::ModelConfig& configured,
                        const config::Reload& reload, const ModelRegistry& running, EventLoopThreads& loops,
                        FileSource* files, GeneratorEndings& endings) {
  const auto before = running.find(configured.model.name);
  const auto change = reload.models.find(configured.model.name);
  if (before != nullptr && change == reload.models.end()) return models.share(before);
  if (before != nullptr && change->second == config::ModelChange::kLimits)
    return models.add(with_limits(configured, *before));
  auto model = make_owned(configured, reload.merged, loops, files, endings);
  if (!model) return std::move(model).error();
  if (KeptPrograms* const programs = kept_programs(*model)) programs->start_late();
  return models.add(std::move(*model));
}

}  // namespace

Result<ModelRegistry> make_models(const config::Loaded& loaded, EventLoopThreads& loops, FileSource* files,
                                  GeneratorEndings& endings) {
  ModelRegistry models;
  for (const config::ModelConfig& configured : loaded.configuration.models) {
    auto model = make_owned(configured, loaded, loops, files, endings);
    if (!model) return std::move(model).error();
    if (auto added = models.add(std::move(*model)); !added) {
      return cannot_work(configured, loaded, added.error());
    }
  }
  return models;
}

Result<ModelRegistry> remake_models(const config::Reload& reload, const ModelRegistry& running,
                                    EventLoopThreads& loops, FileSource* files, GeneratorEndings& endings) {
  ModelRegistry models;
  for (const config::ModelConfig& configured : reload.merged.configuration.models) {
    auto added = add_remade(models, configured, reload, running, loops, files, endings);
    if (!added) return std::move(added).error();
  }
  return models;
}

}  // namespace shunt::app
