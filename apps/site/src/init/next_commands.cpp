#include "shunt/site/next_commands.hpp"

namespace shunt::site {
namespace {

std::string first_generation(const ProposedModel& model) {
  const std::string start = "shunt generate --model " + shell_word(model.name);
  switch (model.use) {
    case ModelUse::kTranscription:
      return start + " --file audio=@recording.wav";
    case ModelUse::kConversion:
      return start + " --file media=@recording.mp3 -o recording.wav";
    case ModelUse::kSpeech:
      return start + " \"Good morning\" -o morning.wav";
    case ModelUse::kChat:
    case ModelUse::kEmbeddings:
    case ModelUse::kRehearsal:
      break;
  }
  return start + " \"Good morning\"";
}

}  // namespace

std::string shell_word(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789._:/@%+=-") == std::string_view::npos;
  if (plain) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + '\'';
}

std::vector<std::string> next_commands(const ConfigurationPlan& plan, std::string_view configuration) {
  const bool found_by_itself = configuration == "shunt.toml" || configuration == "./shunt.toml";
  const std::string with = found_by_itself ? "" : " --config " + shell_word(configuration);
  return {"shunt doctor" + with, first_generation(plan.models.front()) + with, "shunt serve" + with};
}

bool is_loopback(std::string_view listen) {
  const std::string_view host = listen.substr(0, listen.find_last_of(':'));
  return host.starts_with("127.") || host == "[::1]" || host == "localhost";
}

}  // namespace shunt::site
