#include "upstream_metrics.hpp"

#include "metric_families.hpp"
#include "shunt/generation/drivers/openai.hpp"

namespace shunt::app {

std::string upstream_metrics_text(const ModelRegistry& models) {
  GaugeReading running("shunt_upstream_running",
                       "Attempts under way at a server of a model that has several");
  GaugeReading state("shunt_upstream_state", "1 for the state that a server's breaker is in");
  CounterReading ended("shunt_upstream_attempts_total",
                       "Attempts at a server by their ends: good, bad, refused (429, or it loads its model)");
  CounterReading opened("shunt_upstream_opened_total", "How often a server's breaker has opened");
  bool any = false;
  for (const auto& [name, model] : models.all()) {
    for (const UpstreamStatus& upstream : upstreams_of(model->generator.get())) {
      any = true;
      const prometheus::Labels labels{{"model", name}, {"upstream", upstream.name}};
      const auto with = [&labels](const char* label, std::string_view value) {
        prometheus::Labels more = labels;
        more.emplace(label, value);
        return more;
      };
      running.add(static_cast<double>(upstream.running), labels);
      state.add(1, with("state", upstream.state));
      ended.add(upstream.good, with("outcome", "good"));
      ended.add(upstream.bad, with("outcome", "bad"));
      ended.add(upstream.refused, with("outcome", "refused"));
      opened.add(upstream.opened, labels);
    }
  }
  return any ? metrics_text({running.family(), state.family(), ended.family(), opened.family()})
             : std::string();
}

}  // namespace shunt::app
