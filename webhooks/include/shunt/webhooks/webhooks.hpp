#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/base/result.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/webhooks/body_form.hpp"
#include "shunt/webhooks/delivery.hpp"
#include "shunt/webhooks/namespace.hpp"
#include "shunt/webhooks/webhook.hpp"
#include "shunt/webhooks/webhook_options.hpp"

namespace shunt::webhooks {

// The texts of the keys that sign (SigningKey::parse).
struct WebhookKeys {
  std::vector<std::string> service;                              // for callers without their own
  std::map<std::string, std::vector<std::string>> of_callers{};  // by caller ("key:NAME")
};

struct DeliveryQuery {
  static constexpr std::size_t kMostAtOnce = 200;
  std::optional<DeliveryState> state;
  std::size_t limit = 50;
};

enum class Redelivery {
  kBegun,       // its attempts are counted anew
  kStillGoing,  // it has not ended: nothing was changed
  kUnknown,     // there is no such delivery, or no longer
};

enum class Handed {
  kTaken,   // it is delivered, as promised of all deliveries
  kNoRoom,  // it is lost, and was counted and logged
};

// Since the start of the process.
struct WebhookCounts {
  std::uint64_t attached = 0;
  std::uint64_t kept_in_memory = 0;  // of those: not in Redis, so they go with the process
  std::uint64_t delivered = 0;       // attempts, by what came of them
  std::uint64_t to_be_repeated = 0;
  std::uint64_t given_up = 0;
  std::uint64_t gone = 0;
  std::uint64_t left_out = 0;     // deliveries to an endpoint that had answered 410
  std::uint64_t news_sent = 0;    // messages of what precedes an end, that were taken
  std::uint64_t news_failed = 0;  // and that were not
  std::uint64_t lost = 0;   // ends of generations that were gone when they were looked for, or had no room
  std::size_t waiting = 0;  // generations of this process whose ends are waited for; now
};

// Tells other servers of the ends of generations: signed as Standard Webhooks has it, tried again for three
// days, at addresses that the configuration lets be.
//
// With Redis what is attached, and every delivery, is kept there, and told at least once by whichever API
// process lives; without it, or while it is away, both live in this process and go with it. Any thread; the
// callbacks come on a thread of this object's own, each exactly once within a bounded time, and none after
// stop().
class Webhooks {
 public:
  virtual ~Webhooks() = default;

  [[nodiscard]] virtual const UrlRules& rules() const noexcept = 0;
  // For callers without a place of their own: WebhookOptions' url and events.
  [[nodiscard]] virtual const WebhookOptions& options() const noexcept = 0;
  // Whether there is a key that signs what this caller's webhooks send: without one nothing is to be sent.
  [[nodiscard]] virtual bool can_sign(const std::string& caller) const = 0;
  // The first secret that this caller's receivers verify with ("whsec_..."): of its own or, where it has
  // none, the service's, with which others' messages are signed too. nullopt: there is none.
  [[nodiscard]] virtual std::optional<std::string> shared_secret(const std::string& caller) const = 0;
  // Whether one more generation may have a webhook: looked at before it is submitted.
  [[nodiscard]] virtual bool has_room() const noexcept = 0;

  // The end of this generation is told. Where there is Redis `done` comes when it has the webhook, or when it
  // is known to be away. The same generation again changes nothing: a webhook belongs to its first request.
  virtual void attach(const GenerationId& generation, std::string caller, Webhook webhook,
                      std::function<void()> done) = 0;

  // A message about something else than a generation is delivered. Its id follows from what it tells, so that
  // whoever hands it over again makes no second delivery. An error: Redis is away, or this process is about
  // to go; nothing was taken, and it is to be tried again.
  virtual void hand_over(Message message, std::function<void(Result<Handed>)> done) = 0;

  // Newest first.
  virtual void list(DeliveryQuery query, std::function<void(Result<std::vector<Delivery>>)> done) = 0;
  virtual void find(std::string id, std::function<void(Result<std::optional<Delivery>>)> done) = 0;
  virtual void redeliver(std::string id, std::function<void(Result<Redelivery>)> done) = 0;
  // Sends one message that tells of nothing, once. An endpoint that takes it is told again, if it had
  // answered 410. `url` has been checked.
  virtual void test(std::string url, std::string caller, std::function<void(Result<Attempt>)> done) = 0;

  // From now on these sign, also what waits.
  virtual void use_keys(WebhookKeys keys) = 0;
  [[nodiscard]] virtual WebhookCounts counts() const = 0;
  // Begins nothing any more, and waits for attempts under way for `grace` at most. What Redis has goes on in
  // other processes; what is in this one's memory alone is lost, and logged. Once, not from a loop's thread.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

struct WebhooksSurroundings {
  WebhookOptions options;
  WebhookKeys keys;
  std::string user_agent = "shunt";
  executor::GenerationExecutor* executor = nullptr;  // not owned, outlives this
  std::optional<executor::QueueOptions> queue;       // nullopt: everything is in memory
  FaultLog* faults = nullptr;                        // as the executor
  BodyForms forms{};                                 // beside ours
  const Clock* clock = &system_clock();
};

// Starts a thread, and with a queue its connections.
[[nodiscard]] std::unique_ptr<Webhooks> make_webhooks(WebhooksSurroundings surroundings);

}  // namespace shunt::webhooks
