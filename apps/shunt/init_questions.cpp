#include "init_questions.hpp"

#include <unistd.h>

#include <iostream>

#include "shunt/base/display_text.hpp"
#include "shunt/site/chosen_numbers.hpp"
#include "terminal.hpp"
#include "text_table.hpp"

namespace shunt::app {
namespace {

constexpr std::size_t kLongestAnswer = 1'024;

std::optional<std::string> ask(const Terminal& terminal, std::string_view question, std::string_view usual) {
  std::cout << terminal.styled(Style::kBold, question) << " ["
            << terminal.styled(Style::kGreen, displayable(usual)) << "] " << std::flush;
  std::string answer;
  if (!std::getline(std::cin, answer) || answer.size() > kLongestAnswer) return std::nullopt;
  const std::size_t begin = answer.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return std::string(usual);
  return answer.substr(begin, answer.find_last_not_of(" \t\r") + 1 - begin);
}

void show_models(const Terminal& terminal, const std::vector<site::ProposedModel>& proposed) {
  TextTable table({{"", TextTable::Align::kRight}, {"MODEL"}, {"FOR"}, {"FROM"}});
  for (std::size_t i = 0; i < proposed.size(); ++i) {
    const site::ProposedModel& model = proposed[i];
    table.add({{std::to_string(i + 1)},
               {model.name, Style::kCyan},
               {std::string(site::model_use_name(model.use))},
               {displayable(site::origin_of(model)), Style::kDim}});
  }
  std::cout << table.text(terminal) << '\n';
}

std::optional<std::vector<site::ProposedModel>> ask_models(const Terminal& terminal,
                                                           const std::vector<site::ProposedModel>& proposed) {
  show_models(terminal, proposed);
  while (true) {
    const auto answer = ask(terminal, "1. Which of these shall be models (as in 1,3)?", "all");
    if (!answer) return std::nullopt;
    const auto numbers = site::chosen_numbers(*answer, proposed.size());
    if (!numbers) {
      std::cout << "   Expected numbers from 1 to " << proposed.size() << ", or all.\n";
      continue;
    }
    std::vector<site::ProposedModel> models;
    for (const std::size_t number : *numbers) models.push_back(proposed[number - 1]);
    return models;
  }
}

bool is_yes(std::string_view answer) {
  return answer == "y" || answer == "Y" || answer == "yes" || answer == "Yes";
}

}  // namespace

std::optional<InitAnswers> ask_init_questions(const std::vector<site::ProposedModel>& proposed,
                                              const std::string& listen) {
  const Terminal terminal(STDOUT_FILENO);
  InitAnswers answers;
  auto models = ask_models(terminal, proposed);
  if (!models) return std::nullopt;
  answers.models = std::move(*models);
  const auto address = ask(terminal, "2. Where shall Shunt listen?", listen);
  if (!address) return std::nullopt;
  answers.listen = *address;
  const auto redis = ask(terminal, "3. Which Redis, if generations shall go through a queue?", "none");
  if (!redis) return std::nullopt;
  if (*redis != "none" && *redis != "no") answers.redis_url = *redis;
  const auto unit = ask(terminal, "4. Write a unit of systemd beside it?", "no");
  if (!unit) return std::nullopt;
  answers.unit = is_yes(*unit);
  return answers;
}

}  // namespace shunt::app
