#include "program_metrics.hpp"

#include "metric_families.hpp"
#include "shunt/generation/kept_programs.hpp"

namespace shunt::app {

std::string program_metrics_text(const ModelRegistry& models) {
  GaugeReading programs("shunt_programs",
                        "Kept programs: idle and busy ones are ready, others start, end or wait for a start");
  CounterReading starts("shunt_program_starts_total", "Kept programs that were started");
  CounterReading ends("shunt_program_ends_total", "Kept programs that have ended, by the reason");
  bool any = false;
  for (const auto& [name, model] : models.all()) {
    const KeptPrograms* const kept = kept_programs(*model);
    if (kept == nullptr) continue;
    any = true;
    const KeptProgramsStatus status = kept->status();
    programs.add(static_cast<double>(status.idle), {{"model", name}, {"state", "idle"}});
    programs.add(static_cast<double>(status.busy), {{"model", name}, {"state", "busy"}});
    programs.add(static_cast<double>(status.keep - status.ready()),
                 {{"model", name}, {"state", "not_ready"}});
    starts.add(status.starts, {{"model", name}});
    for (const auto& [reason, count] : status.ends) {
      ends.add(count, {{"model", name}, {"reason", std::string(reason)}});
    }
  }
  return any ? metrics_text({programs.family(), starts.family(), ends.family()}) : std::string();
}

}  // namespace shunt::app
