#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <utility>

#include "commands.hpp"
#include "exit_code.hpp"
#include "init_questions.hpp"
#include "new_file.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/random.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/site/configuration_text.hpp"
#include "shunt/site/look_around.hpp"
#include "shunt/site/next_commands.hpp"
#include "terminal.hpp"
#include "text_table.hpp"

namespace shunt::app {
namespace {

namespace fs = std::filesystem;

// What is written, and what a person has to know of it beside.
struct Written {
  site::ConfigurationPlan plan;
  std::string key;   // that of the one caller; "" = there is none
  std::string unit;  // the file; "" = none
};

Error refused(std::string message) {
  return {"invalid_argument", std::move(message)};
}

// A service has another working directory than whoever wrote its configuration.
Result<std::optional<std::string>> file_of(const std::optional<std::string>& given, const char* flag) {
  if (!given) return std::optional<std::string>();
  std::error_code failure;
  const std::string path = fs::absolute(*given, failure).lexically_normal().string();
  if (!is_displayable(path))
    return refused(std::string(flag) + ": the name has characters that cannot be shown");
  if (!fs::is_regular_file(path, failure)) return refused(std::string(flag) + ": there is no file " + path);
  return std::optional(path);
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<site::Found> look(const InitOptions& options) {
  auto whisper = file_of(options.whisper_model, "--whisper-model");
  if (!whisper) return std::move(whisper).error();
  auto piper = file_of(options.piper_voice, "--piper-voice");
  if (!piper) return std::move(piper).error();
  site::LookAroundOptions where;
  where.path = variable("PATH");
  where.weight_folders = site::usual_weight_folders(variable("HOME"));
  where.whisper_model = *whisper;
  where.piper_voice = *piper;
  if (!options.ports.empty()) where.ports = options.ports;
  return site::look_around(where);
}

Result<std::vector<site::ProposedModel>> wished_models(const InitOptions& options,
                                                       const std::vector<site::ProposedModel>& proposed) {
  if (options.models.empty()) return proposed;
  std::vector<site::ProposedModel> models;
  for (const std::string& wish : options.models) {
    auto model = site::wished_model(wish, proposed);
    if (!model) return std::move(model).error();
    models.push_back(std::move(*model));
  }
  return models;
}

bool asks(const InitOptions& options) {
  return !options.yes && options.models.empty() && !options.json;
}

Result<Written> decide(const InitOptions& options, const site::Found& found) {
  Written written;
  const auto proposed = site::propose_models(found);
  written.plan.waiting = site::programs_that_wait(found);
  written.plan.listen = options.listen.value_or(site::free_listen_address(found));
  written.plan.redis_url = options.redis.value_or("");
  written.unit = options.unit.value_or("");
  if (!asks(options)) {
    auto models = wished_models(options, proposed);
    if (!models) return std::move(models).error();
    written.plan.models = std::move(*models);
  } else {
    auto answers = ask_init_questions(proposed, written.plan.listen);
    if (!answers) return refused("the questions were not answered; nothing has been written");
    written.plan.models = std::move(answers->models);
    written.plan.listen = std::move(answers->listen);
    written.plan.redis_url = std::move(answers->redis_url);
    if (answers->unit && written.unit.empty())
      written.unit = (fs::path(options.output).parent_path() / "shunt.service").string();
  }
  if (!site::is_loopback(written.plan.listen)) {
    constexpr std::size_t kKeyBytes = 32;
    written.key = "sk_" + random_name(kKeyBytes);
    written.plan.key_sha256 = sha256_hex(written.key);
  }
  return written;
}

// What the reader of the configuration does not take is not written.
Result<void> read_back(const std::string& draft, const std::string& path) {
  config::Sources sources;
  sources.file = draft;
  sources.environment = [](const std::string&) { return std::optional<std::string>(); };
  const auto loaded = config::load(sources);
  if (loaded) return {};
  std::string message = loaded.error().message;
  for (std::size_t at = message.find(draft); at != std::string::npos;
       at = message.find(draft, at + path.size()))
    message.replace(at, draft.size(), path);
  return refused("nothing has been written: " + message);
}

std::string own_path() {
  std::error_code failure;
  const fs::path path = fs::read_symlink("/proc/self/exe", failure);
  return failure ? "/usr/local/bin/shunt" : path.string();
}

Result<void> write_files(const InitOptions& options, const Written& written) {
  const Replace replace = options.force ? Replace::kYes : Replace::kNo;
  const std::string text = site::configuration_text(written.plan);
  auto done = write_new_file(options.output, text, replace,
                             [&](const std::string& draft) { return read_back(draft, options.output); });
  if (!done || written.unit.empty()) return done;
  std::error_code failure;
  const std::string configuration = fs::absolute(options.output, failure).lexically_normal().string();
  return write_new_file(written.unit, site::unit_text(own_path(), configuration), replace);
}

void print_json(const InitOptions& options, const Written& written) {
  JsonArray models;
  for (const site::ProposedModel& model : written.plan.models) {
    models.emplace_back(JsonObject{
        {"name", model.name}, {"use", site::model_use_name(model.use)}, {"from", site::origin_of(model)}});
  }
  JsonArray waiting;
  for (const site::FoundProgram& program : written.plan.waiting) {
    waiting.emplace_back(
        JsonObject{{"program", site::program_kind_name(program.kind)}, {"path", program.path}});
  }
  JsonArray next;
  for (const std::string& command : site::next_commands(written.plan, options.output))
    next.emplace_back(command);
  JsonObject answer{{"configuration", options.output}, {"listen", written.plan.listen}};
  answer.emplace("models", std::move(models));
  answer.emplace("waiting", std::move(waiting));
  if (!written.key.empty()) answer.emplace("key", written.key);
  if (!written.unit.empty()) answer.emplace("unit", written.unit);
  answer.emplace("next", std::move(next));
  std::cout << to_json_text(answer) << '\n';
}

void print_text(const InitOptions& options, const Written& written) {
  const Terminal terminal(STDOUT_FILENO);
  std::cout << "wrote " << terminal.styled(Style::kGreen, displayable(options.output)) << ":\n\n";
  TextTable table({{"MODEL"}, {"FOR"}, {"FROM"}});
  for (const site::ProposedModel& model : written.plan.models) {
    table.add({{model.name, Style::kCyan},
               {std::string(site::model_use_name(model.use))},
               {displayable(site::origin_of(model))}});
  }
  std::cout << table.text(terminal);
  for (const site::FoundProgram& program : written.plan.waiting)
    std::cout << "\n"
              << displayable(site::program_kind_name(program.kind))
              << " could be one, too: the file tells how.";
  if (!written.plan.waiting.empty()) std::cout << '\n';
  if (!written.key.empty()) {
    std::cout << "\nThe key of its callers, which is nowhere else: "
              << terminal.styled(Style::kBold, written.key) << '\n';
  }
  std::cout << (written.unit.empty() ? "\n"
                                     : "\nwrote " + displayable(written.unit) + ", a unit of systemd\n\n")
            << "Next:\n";
  for (const std::string& command : site::next_commands(written.plan, options.output))
    std::cout << "  " << terminal.styled(Style::kBold, displayable(command)) << '\n';
  if (written.unit.empty()) std::cout << "\nTo run it by systemd: shunt init --force --unit shunt.service\n";
}

bool is_there(const std::string& file) {
  std::error_code ignored;
  return !file.empty() && fs::exists(fs::symlink_status(file, ignored));
}

int fail(const Error& error) {
  complain(error.message);
  return error.code == ErrorCode("invalid_argument") ? kExitUsage : kExitFailed;
}

}  // namespace

int init(const InitOptions& options) {
  if (asks(options) && ::isatty(STDIN_FILENO) != 1) {
    complain(
        "init asks four questions, and standard input is no terminal: pass --yes for a model of each thing "
        "that "
        "is found, or --model NAME for some of them (shunt init --help)");
    return kExitUsage;
  }
  // Before anybody is asked; what comes to be there meanwhile is left alone, too.
  for (const std::string& file : {options.output, options.unit.value_or("")}) {
    if (options.force || !is_there(file)) continue;
    complain(file + " is there already, and was left alone; --force replaces it");
    return kExitFailed;
  }
  const auto found = look(options);
  if (!found) return fail(found.error());
  const auto written = decide(options, *found);
  if (!written) return fail(written.error());
  if (auto done = write_files(options, *written); !done) return fail(done.error());
  options.json ? print_json(options, *written) : print_text(options, *written);
  return kExitOk;
}

}  // namespace shunt::app
