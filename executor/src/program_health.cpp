#include "shunt/executor/program_health.hpp"

#include "shunt/generation/kept_programs.hpp"

namespace shunt::executor {

void add_program_health(const ModelRegistry& models, ExecutorDescription& description) {
  for (const auto& [name, model] : models.all()) {
    const KeptPrograms* const programs = kept_programs(*model);
    if (programs == nullptr) continue;
    const KeptProgramsStatus status = programs->status();
    if (!status.begun) continue;
    if (!status.failure.empty()) {
      description.warnings.push_back(
          {"programs_not_ready", "no program of the model \"" + name + "\" is ready: " + status.failure});
    }
    if (!status.settled && status.late) {
      description.warnings.push_back(
          {"programs_starting", "the programs of the model \"" + name + "\" are starting"});
      continue;
    }
    if (status.settled || description.health != Health::kReady) continue;
    description.health = Health::kDegraded;
    description.reason = "the programs of the model \"" + name + "\" are starting";
  }
}

}  // namespace shunt::executor
