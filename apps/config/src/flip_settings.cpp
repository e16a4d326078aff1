// Which executor a generation runs on, and what a model does while its queue is down.
#include <optional>
#include <string>
#include <vector>

#include "general_setting.hpp"
#include "settings_table.hpp"
#include "shunt/base/json.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using flip::BreakerMode;
using flip::DownRule;
using flip::ModelPolicy;
using flip::ModelRule;
using flip::OnQueueDown;
using flip::Strategy;
using kind::Choice;
using kind::Count;

// The states of a queue that count as down, by their names.
struct DownStates {
  enum class State { kNoWorker, kLate };
  kind::Choices<State> states{{{"no_worker", State::kNoWorker}, {"late", State::kLate}}};

  using Value = DownRule;
  [[nodiscard]] std::optional<Value> read(const Node& node) const {
    const auto named = states.read(node);
    if (!named) return std::nullopt;
    const auto has = [&](State state) { return std::ranges::find(*named, state) != named->end(); };
    return DownRule{.without_worker = has(State::kNoWorker), .when_late = has(State::kLate)};
  }
  [[nodiscard]] std::string show(const Value& value) const {
    std::vector<State> named;
    if (value.without_worker) named.push_back(State::kNoWorker);
    if (value.when_late) named.push_back(State::kLate);
    return states.show(named);
  }
  [[nodiscard]] std::string type() const { return states.type(); }
  [[nodiscard]] std::string bounds() const { return states.bounds(); }
  [[nodiscard]] std::string allowed() const { return states.allowed(); }
};

// An object as JSON text: what a request would have as its `input`.
struct JsonObjectText {
  using Value = JsonObject;
  [[nodiscard]] std::optional<Value> read(const Node& node) const {
    const auto text = kind::Text{}.read(node);
    if (!text) return std::nullopt;
    auto value = parse_json(*text);
    if (!value || !value->is_object()) return std::nullopt;
    return std::move(value->get_object());
  }
  [[nodiscard]] std::string show(const Value& value) const { return in_quotes(to_json_text(value)); }
  [[nodiscard]] std::string type() const { return "JSON object as text"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const {
    return R"(a JSON object as text, as in '{"prompt": "hello"}')";
  }
};

}  // namespace

std::vector<Setting<Configuration>> flip_settings() {
  std::vector<Setting<Configuration>> made;
  made.push_back(general("strategy",
                         Choice<Strategy>{{{"queue", Strategy::kQueue},
                                           {"sync", Strategy::kSync},
                                           {"shadow", Strategy::kShadow},
                                           {"canary", Strategy::kCanary}}},
                         &Configuration::strategy,
                         "Where a fleet with `queue.enabled` begins: all generations go through the queue; "
                         "none does, though it is ready (`sync`); none does but copies of a sample "
                         "(`shadow`); or those of the first step's share of callers (`canary`). Not looked "
                         "at while the queue is disabled."));
  made.push_back(
      general("flip.breaker",
              Choice<BreakerMode>{{{"metrics_only", BreakerMode::kMetricsOnly},
                                   {"normal", BreakerMode::kNormal},
                                   {"forced_open", BreakerMode::kForcedOpen},
                                   {"forced_closed", BreakerMode::kForcedClosed}}},
              &Configuration::breaker,
              "What a process does once submits to the queue fail one after the other: go on and count "
              "(`metrics_only`), or send no further ones until probes have come through, and then 10, 50 and "
              "100 % of them in a minute (`normal`). `forced_open` sends none at all, `forced_closed` all, "
              "whatever becomes of them. A request that is not sent is answered by the model's "
              "`on_queue_down`.")
          .live());
  return made;
}

const std::vector<Setting<ModelPolicy>>& flip_model_settings() {
  static const std::vector<Setting<ModelPolicy>> kSettings = {
      setting<ModelPolicy>(
          "executor",
          Choice<ModelRule>{
              {{"any", ModelRule::kNone}, {"sync", ModelRule::kSync}, {"queue", ModelRule::kQueue}}},
          &ModelPolicy::rule,
          "`sync` keeps the model out of the queue in every state of the flip but `forced_queue`; `queue` "
          "sends "
          "all of it there as soon as a canary is; `any` goes by the flip. This and the next four need "
          "`queue.enabled`."),
      setting<ModelPolicy>(
          "on_queue_down",
          Choice<OnQueueDown>{{{"refuse", OnQueueDown::kRefuse}, {"sync", OnQueueDown::kSync}}},
          &ModelPolicy::on_queue_down,
          "What becomes of a request for the queue while that cannot have it: 503 with `Retry-After`, or a "
          "run in this process. One of which nobody knows whether the queue has it is never run twice."),
      setting<ModelPolicy>(
          "fallback_concurrency", Count{1, 100'000}, &ModelPolicy::fallback_concurrency,
          "How many generations that `on_queue_down` has sent to this process run in it at once; further "
          "ones get 503."),
      setting<ModelPolicy>(
          "queue_down_when", DownStates{}, &ModelPolicy::down,
          "What else counts as a queue that is down: no worker serves the model, or its oldest job has "
          "waited for more than half of `server.wait_deadline` (without one: of the model's `timeout`)."),
      setting<ModelPolicy>(
          "probe_input", kind::Maybe<JsonObjectText>{}, &ModelPolicy::probe_input,
          "What an open breaker asks of the model to find out whether queue and workers do their work again: "
          "a cheap `input`. Without one it goes by whether Redis takes writes."),
  };
  return kSettings;
}

}  // namespace shunt::config
