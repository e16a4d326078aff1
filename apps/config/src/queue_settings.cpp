#include <chrono>
#include <tuple>

#include "general_setting.hpp"
#include "settings_table.hpp"
#include "shunt/base/duration_text.hpp"
#include "shunt/config/redact.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using executor::QueueOptions;
using kind::Bytes;
using kind::Choice;
using kind::Count;
using kind::Duration;
using kind::Names;
using kind::Switch;
using kind::Text;

using General = Setting<Configuration>;

template <typename Value>
auto queue(Value QueueOptions::* member) {
  return through(&Configuration::queue, member);
}

template <typename Value>
auto worker(Value WorkerSettings::* member) {
  return through(&Configuration::worker, member);
}

void add_switch(std::vector<General>& to) {
  to.push_back(
      general(
          "queue.enabled", Switch{}, &Configuration::queue_enabled,
          "The switch: run generations through the queue on Redis instead of in this process. docs/flip.md "
          "tells what it changes and what it does not.")
          .env("QUEUE_ENABLED"));
  to.push_back(
      general(
          "redis.url", Text{Text::Empty::kRefused}, queue(&QueueOptions::redis_url),
          "The queue's Redis: `redis://user:password@host:6379/0`, `rediss://` with TLS, "
          "`redis+sentinel://`, `redis+cluster://`, `unix://` (docs/bullmq/connections.md). Not looked at "
          "while the queue is disabled.")
          .env("REDIS_URL")
          .secret([](const Configuration& c) { return in_quotes(redacted_url(c.queue.redis_url)); }));
  to.push_back(
      general("redis.password_file", Text{}, &Configuration::redis_password_file,
              "A file whose first line is the password of Redis: instead of one in `redis.url`, which it "
              "overrides. Empty: none."));
  to.push_back(
      general("roles",
              Choice<Roles>{{{"api", Roles{true, false}},
                             {"api,worker", Roles{true, true}},
                             {"worker,api", Roles{true, true}},
                             {"worker", Roles{false, true}}}},
              &Configuration::roles,
              "What this process does: take requests, run generations from the queue, or both. Only with the "
              "queue: without it the API runs them itself.")
          .with_flag("--roles"));
}

void add_enqueue(std::vector<General>& to) {
  to.push_back(
      general("queue.prefix", Text{Text::Empty::kRefused}, queue(&QueueOptions::prefix),
              "In front of every key in Redis. The braces keep all of them in one slot of a cluster."));
  to.push_back(general(
      "queue.enqueue_deadline", Duration{10ms, 1min}, queue(&QueueOptions::enqueue_deadline),
      "Admission and the add of the job together; beyond it a request gets 503. An add whose answer was "
      "lost is looked into for as long again."));
  to.push_back(general("queue.command_timeout", Duration{50ms, 5min}, queue(&QueueOptions::command_timeout),
                       "Any other call of Redis: reading, listing, a worker's events."));
  to.push_back(general(
      "queue.require_worker", Switch{}, queue(&QueueOptions::require_worker),
      "Refuse with `no_worker` when no worker has told that it runs the model. Workers that know only "
      "BullMQ do not tell; leave it off with those."));
}

void add_attempts(std::vector<General>& to) {
  to.push_back(general(
      "queue.attempts", Count{1, 1000}, queue(&QueueOptions::attempts),
      "How often a generation is tried when it fails with a retryable error. Lost workers do not count. Each "
      "such attempt has the driver's own retries in it (`max_retries` of `openai`, which are over before a "
      "generation "
      "fails), and clients may retry too: see that they do not multiply."));
  to.push_back(
      general("queue.backoff", Duration{1ms, 24h}, queue(&QueueOptions::backoff),
              "Pause before the second attempt; it doubles with each further one. A generation whose "
              "deadline would come first is not tried again."));
}

void add_job(std::vector<General>& to) {
  to.push_back(
      general("queue.lock_duration", Duration{1s, 1h}, queue(&QueueOptions::lock_duration),
              "A worker that has not renewed its lock for this long is lost. Renewed at half of it."));
  to.push_back(general(
      "queue.stalled_interval", Duration{100ms, 1h}, queue(&QueueOptions::stalled_interval),
      std::string(
          "How often workers look for generations of lost ones. With `queue.lock_duration` it bounds when "
          "such a generation runs again: within ") +
          format_duration(executor::lost_worker_bound(QueueOptions{})) +
          " with the defaults (lock_duration + 2 x stalled_interval)."));
  to.push_back(general("queue.max_stalled_count", Count{0, 1000}, queue(&QueueOptions::max_stalled_count),
                       "A generation whose worker is lost more often than this fails with `worker_lost`."));
  to.push_back(general(
      "queue.max_inline_bytes", Bytes{1024, std::size_t{8} << 20U}, queue(&QueueOptions::max_inline_bytes),
      "A result whose JSON is longer goes to the artifact store, and only its digest through "
      "Redis. Text travels in events; `output.max_text_bytes` of the model bounds it."));
  to.push_back(general("queue.retention", Duration{1s}, queue(&QueueOptions::retention),
                       "How long an ended generation can be read, with its events and artifacts."));
  to.push_back(general(
      "queue.claim_age", Duration{1s}, queue(&QueueOptions::claim_age),
      "How long an idempotency key leads to its generation, and an id that was removed is answered 410 "
      "rather than 404."));
  to.push_back(
      general("queue.min_claim_age", Duration{0ms}, queue(&QueueOptions::min_claim_age),
              "How long after its generation's end an idempotency key is certain to lead to it. After "
              "that the same caller's newer keys may take its place."));
  to.push_back(
      general("queue.max_claims", Count{1, 100'000'000}, queue(&QueueOptions::max_claims),
              "Idempotency keys of one caller that Redis remembers; at the bound, and with none to give "
              "up, requests with a new key get 503 `claims_full`."));
  to.push_back(general("queue.max_record_bytes", Bytes{1 << 20}, queue(&QueueOptions::max_record_bytes),
                       "A generation's record in Redis that is longer is not read: it answers 500 "
                       "`broken_record`."));
  to.push_back(general("queue.max_queue_events", Count{1, 10'000'000}, queue(&QueueOptions::max_queue_events),
                       "BullMQ's own event stream of each queue is cut to about this many entries."));
  to.push_back(general(
      "queue.max_inbox_entries", Count{100, 10'000'000}, queue(&QueueOptions::max_inbox_entries),
      "Entries that wait in Redis for a process that is slow to read. Older ones go; the process then "
      "reads the log of each generation instead."));
  to.push_back(
      general("queue.fast_path", Switch{}, queue(&QueueOptions::fast_path),
              "Let jobs that are under way together share calls of Redis. Other BullMQ clients see no "
              "difference (docs/bullmq/fast-path.md)."));
}

// Nowhere, or an address.
General probes_setting() {
  const kind::ListenAddress address;
  General made;
  made.text = {.name = "worker.listen",
               .environment = variable_of("worker.listen"),
               .flag = "--listen",
               .type = address.type(),
               .allowed = "empty, or " + address.allowed(),
               .doc =
                   "Where a worker answers `/healthz`, `/readyz` and `/metrics`, and nothing else. Empty: "
                   "nowhere. Needs no keys; with `[[server.keys]]`, `/metrics` needs one."};
  made.read = [address](Configuration& c, const Node& given) {
    const auto text = Text{}.read(given);
    if (text && text->empty()) {
      c.worker.listen_address.clear();
      return true;
    }
    auto value = address.read(given);
    if (!value) return false;
    std::tie(c.worker.listen_address, c.worker.listen_port) = *value;
    return true;
  };
  made.show = [address](const Configuration& c) {
    if (c.worker.listen_address.empty()) return in_quotes("");
    return address.show({c.worker.listen_address, c.worker.listen_port});
  };
  made.text.default_value = made.show(defaults<Configuration>());
  return made;
}

void add_worker(std::vector<General>& to) {
  to.push_back(general("worker.models", Names{}, worker(&WorkerSettings::models),
                       "Whose generations a worker takes. Empty: those of all models.")
                   .with_flag("--model")
                   .live());
  to.push_back(general("worker.concurrency", Count{0, 100'000, "each model's own"},
                       worker(&WorkerSettings::concurrency), "Generations of a model at once in a worker.")
                   .with_flag("--concurrency")
                   .live());
  to.push_back(general("worker.name", Text{}, worker(&WorkerSettings::name),
                       "Shown in `shunt status` and by BullMQ's tools. Empty: host and process id."));
  to.push_back(general(
      "worker.shadow", Switch{}, worker(&WorkerSettings::serves_shadows),
      "Also take copies of sampled requests while a fleet is in shadow, as each model's `shadow` says. Only "
      "workers that say so are sent any."));
  to.push_back(probes_setting());
  to.push_back(
      general("worker.lease", Duration{500ms, 1h}, queue(&QueueOptions::lease),
              "A worker that has not told that it lives for this long does not count as one. Told at a third "
              "of it."));
}

}  // namespace

std::vector<Setting<Configuration>> queue_settings() {
  std::vector<General> made;
  add_switch(made);
  add_enqueue(made);
  add_attempts(made);
  add_job(made);
  add_worker(made);
  return made;
}

}  // namespace shunt::config
