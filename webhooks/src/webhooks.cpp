#include "shunt/webhooks/webhooks.hpp"

#include <atomic>
#include <future>
#include <utility>

#include "shunt/base/event_loop.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"
#include "webhook_service.hpp"

namespace shunt::webhooks {
namespace {

using bullmq::awaitable;

// Of one process; each holds a hook, and after an end that cannot be handed over a payload.
constexpr std::size_t kMostWaiting = 10'000;

Error cannot_look(const std::string& why) {
  return {error_code::kQueueUnavailable, "the deliveries of webhooks cannot be reached now: " + why,
          Retryable::kYes};
}

// Runs `work` and tells `done` what it returned, or why it did not.
template <typename T>
awaitable<void> tell(FaultLog& faults, awaitable<T> work, std::function<void(Result<T>)> done) {
  std::optional<T> value;
  std::string why;
  try {
    T made = co_await std::move(work);
    value.emplace(std::move(made));
  } catch (const std::exception& error) {
    executor::note_caught(faults, "webhook_query");
    why = executor::words_of(error);
  }
  if (value) {
    done(std::move(*value));
  } else {
    done(cannot_look(why));
  }
}

class WebhooksOnLoop final : public Webhooks {
 public:
  explicit WebhooksOnLoop(const WebhooksSurroundings& surroundings)
      : options_(surroundings.options),
        rules_{.allow_http = surroundings.options.allow_http,
               .allowed_addresses = http::AddressRanges(surroundings.options.allowed_addresses)},
        faults_(surroundings.faults != nullptr ? *surroundings.faults : own_faults_),
        keys_(surroundings.keys) {
    loops_.at(0).run_on_thread([&] {
      service_ = std::make_unique<WebhookService>(surroundings, loops_.at(0), faults_, keys_, counters_);
      service_->start();
    });
    gate_ = service_->gate();
  }
  ~WebhooksOnLoop() override {
    gate_->shut();
    loops_.stop_and_join();
  }

  const UrlRules& rules() const noexcept override { return rules_; }
  const WebhookOptions& options() const noexcept override { return options_; }
  bool can_sign(const std::string& caller) const override { return !keys_.of(caller).empty(); }
  std::optional<std::string> shared_secret(const std::string& caller) const override {
    return keys_.shared_secret(caller);
  }
  bool has_room() const noexcept override { return counters_.waiting < kMostWaiting; }

  void attach(const GenerationId& generation, std::string caller, Webhook webhook,
              std::function<void()> done) override {
    ++counters_.waiting;
    Hook hook{.generation = generation, .caller = std::move(caller), .webhook = std::move(webhook)};
    const bool asked = run([this, hook = std::move(hook), done] { return service_->attach(hook, done); });
    if (!asked) done();
  }
  void hand_over(Message message, std::function<void(Result<Handed>)> done) override {
    ask<Handed>(std::move(done),
                [this, message = std::move(message)] { return service_->take_message(message); });
  }
  void list(DeliveryQuery query, std::function<void(Result<std::vector<Delivery>>)> done) override {
    ask<std::vector<Delivery>>(std::move(done), [this, query] { return service_->deliveries().list(query); });
  }
  void find(std::string id, std::function<void(Result<std::optional<Delivery>>)> done) override {
    ask<std::optional<Delivery>>(std::move(done),
                                 [this, id = std::move(id)] { return service_->deliveries().find(id); });
  }
  void redeliver(std::string id, std::function<void(Result<Redelivery>)> done) override {
    ask<Redelivery>(std::move(done),
                    [this, id = std::move(id)] { return service_->deliveries().redeliver(id); });
  }
  void test(std::string url, std::string caller, std::function<void(Result<Attempt>)> done) override {
    ask<Attempt>(std::move(done), [this, url = std::move(url), caller = std::move(caller)] {
      return service_->test(url, caller);
    });
  }

  void use_keys(WebhookKeys keys) override { keys_.replace(keys); }
  WebhookCounts counts() const override { return counters_.read(); }

  void stop(std::chrono::milliseconds grace) override {
    std::promise<void> stopped;
    if (run([this, grace, &stopped] { return stop_all(grace, stopped); })) stopped.get_future().get();
  }

 private:
  // Makes the coroutine on the loop's thread and runs it there.
  // False: this has stopped.
  bool run(std::function<awaitable<void>()> make) {
    return gate_->post([this, make = std::move(make)] { service_->launch(make()); });
  }
  // The same for what answers.
  template <typename T>
  void ask(std::function<void(Result<T>)> done, std::function<awaitable<T>()> make) {
    const bool asked = run([this, done, make = std::move(make)] { return tell<T>(faults_, make(), done); });
    if (!asked) done(cannot_look("this process is about to go"));
  }
  awaitable<void> stop_all(std::chrono::milliseconds grace, std::promise<void>& stopped) {
    try {
      co_await service_->stop(grace);
    } catch (...) {
      executor::note_caught(faults_, "webhooks_stop");
    }
    stopped.set_value();
  }

  const WebhookOptions options_;
  const UrlRules rules_;
  FaultLog own_faults_;
  FaultLog& faults_;
  KeyShelf keys_;
  Counters counters_;
  // The service goes when the loop's thread has been joined, and before the loop.
  EventLoopThreads loops_{1};
  std::unique_ptr<WebhookService> service_;
  std::shared_ptr<LoopGate> gate_;
};

}  // namespace

std::unique_ptr<Webhooks> make_webhooks(WebhooksSurroundings surroundings) {
  return std::make_unique<WebhooksOnLoop>(surroundings);
}

}  // namespace shunt::webhooks
