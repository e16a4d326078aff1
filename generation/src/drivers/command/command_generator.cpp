#include <unistd.h>

#include <filesystem>
#include <utility>

#include "drivers/command/command_run.hpp"
#include "drivers/command/confinement.hpp"
#include "drivers/command/kept/kept_generator.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/secrets.hpp"
#include "shunt/generation/artifact.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/drivers/command.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

using command::ArgvTemplate;
using command::CommandModel;
using command::CommandRun;
using command::ScratchSpace;

std::vector<std::string> environment_of(const CommandOptions& options) {
  std::map<std::string, std::string> variables;
  for (const std::string& name : options.pass_environment) {
    if (const auto value = environment_variable(name)) variables[name] = *value;
  }
  for (const auto& [name, value] : options.set_environment) variables[name] = value;
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + '=' + value);
  return environment;
}

bool is_program(const std::filesystem::path& path) {
  std::error_code failure;
  return std::filesystem::is_regular_file(path, failure) && ::access(path.c_str(), X_OK) == 0;
}

// The value of PATH in the child's environment, or what execvp uses without one.
std::string search_path(const std::vector<std::string>& environment) {
  for (const std::string& variable : environment) {
    if (variable.starts_with("PATH=")) return variable.substr(5);
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

Result<std::string> find_program(const std::string& name, const std::vector<std::string>& environment) {
  if (name.find('/') != std::string::npos) {
    if (is_program(name)) return std::filesystem::absolute(name).string();
    return invalid_field("/argv", "there is no program " + name);
  }
  const std::string path = search_path(environment);
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const auto candidate = std::filesystem::path(path.substr(at, end - at)) / name;
    if (candidate.is_absolute() && is_program(candidate)) return candidate.string();
    at = end + 1;
  }
  return invalid_field("/argv", "there is no program \"" + name + "\" in PATH (" + path +
                                    "): install it, or give its full path");
}

// The name is part of a path, also where the output is no artifact ({output_file}), and the media type
// becomes a header field.
Result<void> check_artifact(const CommandOptions& options) {
  if (!is_valid_artifact_name(options.artifact_name)) {
    return invalid_field(
        "/artifact_name",
        "artifact_name must be 1 to 128 of A-Z a-z 0-9 . _ -, and not start with a dot; got \"" +
            displayable(options.artifact_name) + '"');
  }
  if (!is_valid_media_type(options.artifact_media_type)) {
    return invalid_field("/artifact_media_type",
                         "artifact_media_type must be a media type as in image/png, of at most 255 bytes; "
                         "got \"" +
                             displayable(options.artifact_media_type) + '"');
  }
  return {};
}

// "NAME=value" is how a program gets them, and a NUL ends it.
Result<void> check_variables(const CommandOptions& options) {
  constexpr std::string_view kNul("\0", 1);
  for (const auto& [name, value] : options.set_environment) {
    if (name.empty() || name.find('=') != std::string::npos || name.find(kNul) != std::string::npos) {
      return invalid_field("/set_environment", "set_environment has a name that no variable can have: \"" +
                                                   displayable(name) + '"');
    }
    if (value.find(kNul) != std::string::npos) {
      return invalid_field("/set_environment", "set_environment." + name + " must not contain NUL");
    }
  }
  return {};
}

class CommandGenerator final : public Generator {
 public:
  CommandGenerator(std::shared_ptr<const CommandModel> model, EventLoopThreads& loops)
      : model_(std::move(model)), loops_(loops) {
    scratch_.remove_abandoned();
  }

  Result<void> check_input(const Json& input) const override {
    const CommandOptions& options = model_->options;
    if (!input.is_object()) {
      return invalid_field("/input", "input must be an object; got " + shown_value(input),
                           error_code::kInvalidInput);
    }
    if (options.input == CommandOptions::InputMode::kStdinText) {
      const Json* text = input.get_object().if_contains(options.input_text_field);
      if (text == nullptr || !text->is_string()) {
        return invalid_member(options.input_text_field, "is required and must be a string");
      }
    }
    if (auto argv = model_->argv.fill(input, {}); !argv) return std::move(argv).error();
    return {};
  }

  void start(std::shared_ptr<GenerationRun> run) override {
    EventLoop& loop = loops_.pick();
    auto started = std::make_shared<CommandRun>(model_, std::move(run), loop, scratch_);
    if (&loop == EventLoop::current()) return started->begin();
    loop.post([started = std::move(started)] { started->begin(); });
  }

 private:
  const std::shared_ptr<const CommandModel> model_;
  EventLoopThreads& loops_;
  ScratchSpace scratch_;
};

}  // namespace

Result<void> check_command(const CommandOptions& options, const InputRules& rules) {
  auto argv = ArgvTemplate::parse(options.argv, options.defaults, rules);
  if (!argv) return std::move(argv).error();
  if (options.keep > 0) {
    if (auto kept = command::check_kept(options, *argv); !kept) return kept;
  }
  if (auto named = check_artifact(options); !named) return named;
  if (auto variables = check_variables(options); !variables) return variables;
  return command::check_confinement(options);
}

Result<std::unique_ptr<Generator>> make_command_generator(CommandOptions options,
                                                          EventLoopThreads& spawn_loops,
                                                          const InputRules& rules, FileSource* files) {
  if (auto checked = check_command(options, rules); !checked) return std::move(checked).error();
  auto argv = ArgvTemplate::parse(options.argv, options.defaults, rules);
  std::vector<std::string> environment = environment_of(options);
  auto program = find_program(options.argv.front(), environment);
  if (!program) return std::move(program).error();
  if (auto found = command::look_for_paths(options); !found) return std::move(found).error();
  auto model = std::make_shared<const CommandModel>(CommandModel{std::move(options), std::move(*argv),
                                                                 std::move(*program), std::move(environment),
                                                                 command::landlock_abi(), files});
  if (model->options.keep > 0) return command::make_kept_generator(std::move(model), spawn_loops);
  return std::unique_ptr<Generator>(std::make_unique<CommandGenerator>(std::move(model), spawn_loops));
}

std::string missing_confinement() {
  const int abi = command::landlock_abi();
  if (abi == 0) return "files and other processes: the kernel has no Landlock, or it is switched off";
  if (abi < 2) return "other processes, unless a model lists paths: the kernel's Landlock is of version 1";
  return {};
}

}  // namespace shunt::generation
