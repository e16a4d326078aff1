#include "doctor/finding_made.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/site/judgements.hpp"

namespace shunt::site {
namespace {

constexpr const char* kConfiguration = "configuration";

std::vector<Finding> of_mistakes(const ConfigurationFacts& facts) {
  std::vector<Finding> findings;
  for (const std::string& mistake : facts.mistakes) {
    findings.push_back(problem(kConfiguration, displayable(mistake),
                               "Mend that; docs/configuration.md lists every setting and what it may be."));
  }
  return findings;
}

}  // namespace

std::vector<Finding> judge_configuration(const ConfigurationFacts& facts) {
  if (!facts.mistakes.empty()) return of_mistakes(facts);
  std::vector<Finding> findings;
  const std::string found =
      facts.file + ", " + std::to_string(facts.models) + (facts.models == 1 ? " model" : " models");
  if (facts.file == "(built in)") {
    findings.push_back(warning(kConfiguration, "there is no shunt.toml; what is built in is used",
                               "Write one with `shunt init`, or name it with --config or $SHUNT_CONFIG."));
  } else if (facts.others_may_write) {
    findings.push_back(problem(kConfiguration, found + "; every user of this machine may change it",
                               "Who can write it decides which programs run: chmod o-w " + facts.file + '.'));
  } else {
    findings.push_back(fine(kConfiguration, found));
  }
  if (facts.dumpable) {
    findings.push_back(
        warning("configuration.dumpable",
                "debug.dumpable lets programs of the same user read keys and prompts in memory",
                "Turn it off when the fault has been found."));
  }
  for (const auto& [name, advice] : facts.unread_variables) {
    findings.push_back(warning("configuration.environment",
                               "the environment's " + displayable(name) + " is no setting, and is not read",
                               advice));
  }
  return findings;
}

Finding judge_user(const UserFacts& facts) {
  if (facts.is_root) {
    return warning("user", "looked as root, who may read and run everything",
                   "Give --user NAME of the service, as in --user shunt: it may not.");
  }
  return fine("user", "looked with the rights of " + displayable(facts.name));
}

Finding judge_model(const ModelFacts& facts) {
  std::string name = "model." + facts.name;
  if (facts.mistake) {
    return problem(std::move(name), displayable(*facts.mistake),
                   facts.driver == "command"
                       ? "Install the program, or give its path in argv; the service does not start without."
                       : "Mend that; the service does not start without.");
  }
  return fine(std::move(name), facts.driver + (facts.runs.empty() ? "" : ": " + displayable(facts.runs)));
}

}  // namespace shunt::site
