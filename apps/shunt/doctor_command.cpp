#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

#include "become_user.hpp"
#include "commands.hpp"
#include "doctor_look.hpp"
#include "exit_code.hpp"
#include "judged_rows.hpp"
#include "settings.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/log.hpp"
#include "shunt/site/judgements.hpp"
#include "terminal.hpp"
#include "version_text.hpp"

namespace shunt::app {
namespace {

using site::Finding;
using site::Severity;

// Longer than any look takes that ends by itself.
constexpr std::chrono::milliseconds kWithin{12'000};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

Style style_of(Severity severity) {
  if (severity == Severity::kOk) return Style::kGreen;
  return severity == Severity::kProblem ? Style::kRed : Style::kYellow;
}

void print_json(const std::vector<Finding>& findings) {
  JsonArray list;
  for (const Finding& finding : findings) {
    list.emplace_back(JsonObject{{"name", finding.name},
                                 {"severity", site::severity_name(finding.severity)},
                                 {"found", finding.found},
                                 {"advice", finding.advice}});
  }
  JsonObject answer{{"version", kVersion}, {"status", site::severity_name(site::worst_of(findings))}};
  answer.emplace("findings", std::move(list));
  std::cout << displayable_json(to_json_text(answer)) << '\n';
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

std::string conclusion(const std::vector<Finding>& findings) {
  const auto of = [&](Severity severity) {
    return static_cast<std::size_t>(std::ranges::count(findings, severity, &Finding::severity));
  };
  const std::string warnings = counted(of(Severity::kWarning), "warning", "warnings");
  switch (site::worst_of(findings)) {
    case Severity::kOk:
      return "All is well.";
    case Severity::kWarning:
      return "Nothing stands in the way; " + warnings + '.';
    case Severity::kProblem:
      break;
  }
  return counted(of(Severity::kProblem), "problem", "problems") + ", " + warnings + '.';
}

void print_text(const std::vector<Finding>& findings) {
  const Terminal terminal(STDOUT_FILENO);
  std::vector<JudgedRow> rows;
  for (const Finding& finding : findings) {
    rows.push_back({std::string(site::severity_name(finding.severity)), style_of(finding.severity),
                    displayable(finding.name), finding.found, finding.advice});
  }
  std::cout << judged_rows_text(rows, terminal) << '\n'
            << terminal.styled(style_of(site::worst_of(findings)), conclusion(findings)) << '\n';
}

}  // namespace

int doctor(const DoctorOptions& options) {
  if (options.user) {
    if (const auto became = become_user(*options.user); !became) {
      complain(became.error().message);
      return kExitUsage;
    }
  }
  auto loaded = load_settings(options.settings);
  // What is wrong is told by findings.
  log::configure(log::Level::kOff, log::Format::kText);
  site::ConfigurationFacts facts;
  std::shared_ptr<const config::Loaded> configured;
  if (loaded) {
    facts = configuration_facts(*loaded);
    configured = std::make_shared<const config::Loaded>(std::move(*loaded));
  } else {
    facts.mistakes = lines_of(loaded.error().message);
  }
  std::vector<Finding> findings = site::judge_configuration(facts);
  site::SideBySide looked = site::look_side_by_side(doctor_looks(configured), kWithin);
  std::ranges::move(looked.findings, std::back_inserter(findings));
  options.json ? print_json(findings) : print_text(findings);
  const int code = site::worst_of(findings) == Severity::kProblem ? kExitFailed : kExitOk;
  if (looked.all_ended) return code;
  // Threads that hang would be torn down beside the objects that they use.
  std::cout << std::flush;
  ::_exit(code);
}

}  // namespace shunt::app
