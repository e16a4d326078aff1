#include <algorithm>

#include "doctor/finding_made.hpp"
#include "doctor/unanswered.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/site/judgements.hpp"

namespace shunt::site {
namespace {

using How = http::TransferEnd::How;

std::string name_of(const UpstreamFacts& facts) {
  return "upstream." + facts.model;
}

Finding no_answer(const UpstreamFacts& facts) {
  if (facts.answer.end.how == How::kTooLarge) {
    return warning(name_of(facts), facts.server + " answers with more than a list of models should have",
                   "Look at base_url: is this a server of language models?");
  }
  return unanswered(name_of(facts), facts.server, facts.answer.end, "base_url");
}

std::string some_of(const std::vector<std::string>& ids) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(ids.size(), kShown); ++i)
    text.append(text.empty() ? "" : ", ").append(displayable(ids[i]));
  return ids.size() > kShown ? text + " and " + std::to_string(ids.size() - kShown) + " more" : text;
}

// Servers of one model answer to whatever name.
bool answers_to_any_name(const ListedModels& models) {
  return models.owner == "llamacpp" && models.ids.size() == 1;
}

// Ollama calls a model without a tag by its latest.
bool has(const ListedModels& models, const std::string& wanted) {
  return std::ranges::any_of(models.ids,
                             [&](const std::string& id) { return id == wanted || id == wanted + ":latest"; });
}

Finding listed(const UpstreamFacts& facts, const ListedModels& models) {
  const std::string wanted = '"' + displayable(facts.wanted) + '"';
  if (has(models, facts.wanted)) return fine(name_of(facts), facts.server + " answers, and has " + wanted);
  if (answers_to_any_name(models))
    return fine(name_of(facts), facts.server + " answers, to any model's name");
  if (models.ids.size() == kMostListed)
    return fine(name_of(facts), facts.server + " answers; its list of models is too long to look through");
  const std::string there = models.ids.empty() ? "none" : some_of(models.ids);
  return warning(name_of(facts), facts.server + " answers, and has no model " + wanted + "; it has " + there,
                 "Set `model` to one of those, or load it there.");
}

Finding refused(const UpstreamFacts& facts) {
  const std::string status = std::to_string(facts.answer.status);
  if (facts.has_key) {
    return problem(name_of(facts), facts.server + " refuses the key (status " + status + ')',
                   "Look at api_key_env or api_key_file: another key, or one with more rights, is needed.");
  }
  return problem(name_of(facts), facts.server + " wants a key (status " + status + ')',
                 "Give api_key_file or api_key_env, and api_key_header if it is not Authorization.");
}

}  // namespace

Finding judge_upstream(const UpstreamFacts& facts) {
  if (facts.answer.end.how != How::kComplete) return no_answer(facts);
  const int status = facts.answer.status;
  const std::string answered = facts.server + " answers with status " + std::to_string(status);
  if (status == 401 || status == 403) return refused(facts);
  if (status == 429)
    return warning(name_of(facts), answered,
                   "It is asked too often at present; its own limits say how often.");
  if (status == 503)
    return warning(name_of(facts), answered, "It loads a model or is too busy: look again in a minute.");
  if (status >= 500) return problem(name_of(facts), answered, "Look at that server's log.");
  if (status == 200 && facts.wanted.empty()) return fine(name_of(facts), facts.server + " answers");
  if (status == 200 && facts.answer.models) return listed(facts, *facts.answer.models);
  if (status == 200) {
    return warning(name_of(facts), facts.server + " answers with something else than a list of models",
                   "Look at base_url: most servers want it to end with /v1.");
  }
  return warning(name_of(facts), answered + " when it is asked for its models",
                 "Some servers have no such list; if generations fail, look at base_url first.");
}

}  // namespace shunt::site
