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
using flip::ShadowGenerator;
using flip::ShadowOptions;
using flip::ShadowRules;
using flip::Strategy;
using kind::Choice;
using kind::Count;
using kind::Real;
using kind::Switch;
using kind::Text;
using kind::TextList;

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

template <typename Value>
auto shadow(Value ShadowOptions::* member) {
  return through(&Configuration::shadow, member);
}
template <typename Value>
auto rules(Value ShadowRules::* member) {
  return through(&ShadowOptions::Model::rules, member);
}

void add_shadow(std::vector<Setting<Configuration>>& to) {
  to.push_back(general("shadow.sample", Real{0, 1}, shadow(&ShadowOptions::sample),
                       "The share of requests of which a copy is sent, while the fleet is in shadow."));
  to.push_back(general("shadow.max_in_flight", Count{1, 10'000}, shadow(&ShadowOptions::max_in_flight),
                       "Copies of one process under way at once; what is beyond is not sampled."));
  to.push_back(
      general("shadow.real_per_minute", Count{0, 100'000}, shadow(&ShadowOptions::real_per_minute),
              "Copies of one process that run a real generator (`shadow = \"real\"` of a model) in a minute: "
              "the budget."));
  to.push_back(general(
      "shadow.noise", Real{0, 1}, shadow(&ShadowOptions::noise),
      "The share of those that run twice, to learn how much two runs of one request differ by themselves."));
  to.push_back(
      general("shadow.keep_content", Switch{}, shadow(&ShadowOptions::keep_content),
              "Keep the beginning of texts and results of mismatches, not only hashes and lengths."));
}

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
  made.push_back(general("flip.state_file", Text{}, &Configuration::flip_state_file,
                         "A file with this process's copy of the flip's record, so that a restart without "
                         "Redis comes up in the last known state and never in a higher one. One for each "
                         "process, in a folder that outlives it. Empty: none is kept."));
  made.push_back(general("flip.audit_file", Text{}, &Configuration::flip_audit_file,
                         "A file to which every change of the flip is appended as a line of JSON, chained by "
                         "hash; `shunt flip log --verify` checks it. Processes of one host may share it. "
                         "Empty: the audit lies in Redis alone."));
  add_shadow(made);
  return made;
}

const std::vector<Setting<ShadowOptions::Model>>& shadow_model_settings() {
  using Model = ShadowOptions::Model;
  static const std::vector<Setting<Model>> kSettings = {
      setting<Model>("shadow",
                     Choice<ShadowGenerator>{{{"stub", ShadowGenerator::kStub},
                                              {"real", ShadowGenerator::kReal},
                                              {"off", ShadowGenerator::kNone}}},
                     &Model::generator,
                     "What a worker runs for a copy: nothing (`stub`: whether the request arrives whole is "
                     "compared), or the model's generator (`real`: its end is compared), which costs what a "
                     "generation costs; leave that off where a generation has effects."),
      setting<Model>("shadow_ignore", TextList{kind::Text::Empty::kAllowed}, rules(&ShadowRules::ignore),
                     "JSON pointers into the result that are not compared; `*` stands for any member or "
                     "index: `/choices/*/created`."),
      setting<Model>("shadow_number_tolerance", Real{0, 1}, rules(&ShadowRules::number_tolerance),
                     "Numbers are equal when they differ by no more than this share of the larger one."),
      setting<Model>("shadow_text",
                     Choice<ShadowRules::Text>{{{"exact", ShadowRules::Text::kExact},
                                                {"length", ShadowRules::Text::kLengthBand},
                                                {"ignored", ShadowRules::Text::kIgnored}}},
                     rules(&ShadowRules::text),
                     "How texts are compared: by their bytes, their lengths, or not."),
      setting<Model>("shadow_length_band", Real{0, 1}, rules(&ShadowRules::length_band),
                     "With `length`: the shorter text has at least this share of the longer one's bytes."),
  };
  return kSettings;
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
