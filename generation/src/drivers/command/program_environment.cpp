#include "drivers/command/program_environment.hpp"

#include <algorithm>
#include <string_view>

namespace shunt::generation::command {
namespace {

bool has_variable(const std::vector<std::string>& environment, std::string_view prefix) {
  return std::ranges::any_of(environment, [&](const std::string& each) { return each.starts_with(prefix); });
}

}  // namespace

std::vector<std::string> program_environment(const std::vector<std::string>& of_model,
                                             const std::string& folder,
                                             const GenerationRequest::Context& context) {
  std::vector<std::string> environment = of_model;
  if (!has_variable(environment, "TMPDIR=")) environment.push_back("TMPDIR=" + folder);
  if (context.traceparent.empty()) return environment;
  std::erase_if(environment, [](const std::string& variable) {
    return variable.starts_with("TRACEPARENT=") || variable.starts_with("TRACESTATE=");
  });
  environment.push_back("TRACEPARENT=" + context.traceparent);
  if (!context.tracestate.empty()) environment.push_back("TRACESTATE=" + context.tracestate);
  return environment;
}

}  // namespace shunt::generation::command
