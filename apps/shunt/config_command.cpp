#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "commands.hpp"
#include "exit_code.hpp"
#include "service.hpp"
#include "settings.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/log.hpp"
#include "shunt/base/random.hpp"
#include "terminal.hpp"

namespace shunt::app {
namespace {

// Starts the service on a free port and stops it again: all that can be wrong with a configuration shows.
Result<config::Loaded> load_and_try(const SettingOptions& options) {
  auto loaded = load_settings(options);
  if (!loaded) return loaded;
  log::configure(log::Level::kOff, loaded->configuration.log_format);
  config::Loaded tried = *loaded;
  // The configured port may well be taken, by the very service whose new configuration this is.
  tried.configuration.server.port = 0;
  const auto service = Service::start(tried);
  if (!service) return service.error();
  (*service)->shut_down();
  return loaded;
}

std::size_t widest(const std::vector<config::Explained>& settings, std::string config::Explained::* column) {
  std::size_t width = 0;
  for (const auto& setting : settings) width = std::max(width, (setting.*column).size());
  return width;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// A long value (an argv, a description) pushes its source to the right rather than every other one's.
constexpr std::size_t kWidestValue = 40;

void print_table(const std::vector<config::Explained>& settings) {
  const Terminal terminal(STDOUT_FILENO);
  const std::size_t names = std::max<std::size_t>(widest(settings, &config::Explained::name), 4);
  const std::size_t values =
      std::clamp<std::size_t>(widest(settings, &config::Explained::value), 5, kWidestValue);
  std::cout << terminal.styled(Style::kBold,
                               padded("NAME", names) + "  " + padded("VALUE", values) + "  SOURCE")
            << '\n';
  for (const auto& setting : settings) {
    const bool is_default = setting.source == "default";
    std::cout << padded(setting.name, names) << "  "
              << (is_default ? padded(displayable(setting.value), values)
                             : terminal.styled(Style::kGreen, padded(displayable(setting.value), values)))
              << "  " << terminal.styled(Style::kDim, setting.source) << '\n';
  }
}

void print_json(const std::vector<config::Explained>& settings) {
  JsonArray list;
  for (const auto& setting : settings) {
    list.emplace_back(
        JsonObject{{"name", setting.name}, {"value", setting.value}, {"source", setting.source}});
  }
  std::cout << to_pretty_json(list) << '\n';
}

JsonArray unread_variables_json(const std::vector<config::UnreadVariable>& variables) {
  JsonArray list;
  for (const auto& [variable, advice] : variables)
    list.emplace_back(JsonObject{{"name", variable}, {"advice", advice}});
  return list;
}

std::string new_key() {
  return "sk_" + random_name(32);
}

// The echo of a terminal is off while a secret is typed.
class HiddenInput {
 public:
  HiddenInput() : hidden_(::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!hidden_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    std::cerr << "Key: " << std::flush;
  }
  ~HiddenInput() {
    if (!hidden_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::cerr << '\n';
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;

 private:
  termios before_{};
  const bool hidden_;
};

std::string read_key() {
  const HiddenInput hidden;
  std::string key;
  std::getline(std::cin, key);
  if (key.ends_with('\r')) key.pop_back();
  return key;
}

}  // namespace

int config_check(const ConfigCheckOptions& options) {
  const auto loaded = load_and_try(options.settings);
  if (options.json) {
    JsonObject answer{{"valid", loaded.ok()}};
    if (loaded) {
      answer.emplace("file", loaded->file);
      answer.emplace("unread_variables", unread_variables_json(loaded->unread_variables));
    } else {
      answer.emplace("error", JsonObject{{"code", loaded.error().code}, {"message", loaded.error().message}});
    }
    std::cout << to_json_text(answer) << '\n';
  } else if (loaded) {
    for (const auto& [variable, advice] : loaded->unread_variables)
      complain("the environment's " + displayable(variable) + " is no setting, and is not read. " + advice);
    const std::size_t models = loaded->configuration.models.size();
    std::cout << "the configuration is valid: " << loaded->file << ", " << models
              << (models == 1 ? " model\n" : " models\n");
  } else {
    complain(loaded.error().message);
  }
  return loaded ? kExitOk : kExitConfiguration;
}

int config_show(const ConfigShowOptions& options) {
  const auto loaded = load_settings(options.settings);
  if (!loaded) {
    complain(loaded.error().message);
    return kExitConfiguration;
  }
  options.json ? print_json(loaded->explained) : print_table(loaded->explained);
  return kExitOk;
}

int config_reference() {
  std::cout << config::reference_markdown();
  return kExitOk;
}

int config_hash_key(const HashKeyOptions& options) {
  const std::string key = options.make_new ? new_key() : read_key();
  if (key.empty()) {
    complain("expected a key on standard input; --new makes one");
    return kExitUsage;
  }
  const std::string hash = sha256_hex(key);
  if (options.json) {
    JsonObject answer{{"sha256", hash}};
    if (options.make_new) answer.emplace("key", key);
    std::cout << to_json_text(answer) << '\n';
  } else if (options.make_new) {
    std::cout << "key     " << key << "\nsha256  " << hash << '\n';
  } else {
    std::cout << hash << '\n';
  }
  return kExitOk;
}

}  // namespace shunt::app
