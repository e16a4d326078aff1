#include "webhook_service.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <stdexcept>
#include <utility>
#include <variant>

#include "shunt/base/log.hpp"
#include "shunt/base/random.hpp"
#include "shunt/executor/redis/redis_address.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "store/queued_deliveries.hpp"

namespace shunt::webhooks {
namespace {

using bullmq::awaitable;
using executor::FindOutcome;
using executor::WatchOutcome;
using std::chrono::milliseconds;

constexpr milliseconds kLookInterval = std::chrono::seconds(2);
// What a process that lives waits for itself needs no look; the others look so often whether one has died.
constexpr milliseconds kLookAtOutboxEvery = std::chrono::seconds(20);
constexpr std::size_t kLooksOfARound = 100;
// A generation that nobody knows may be one that is about to be entered into Redis.
constexpr milliseconds kUnknownFor = std::chrono::minutes(2);

bullmq::Redis connect(EventLoop& loop, const executor::QueueOptions& queue, const std::string& key) {
  bullmq::ConnectionOptions options = executor::connection_options(queue);
  // A request waits for it.
  options.command_timeout = queue.enqueue_deadline;
  options.connect_timeout = std::max(queue.command_timeout, milliseconds(1'000));
  options.reconnect_max = milliseconds(1'000);
  options.offline_queue = false;
  options.client_name = "shunt:webhook-outbox";
  return bullmq::Redis(bullmq::open_connection(loop.context().get_executor(), std::move(options)), key);
}

}  // namespace

WebhookService::WebhookService(const WebhooksSurroundings& surroundings, EventLoop& loop, FaultLog& faults,
                               const KeyShelf& keys, Counters& counters)
    : options_(surroundings.options),
      payload_{.max_bytes = options_.max_payload_bytes, .public_url = options_.public_url},
      forms_(surroundings.forms),
      executor_(*surroundings.executor),
      loop_(loop),
      faults_(faults),
      counters_(counters),
      clock_(*surroundings.clock),
      gate_(std::make_shared<LoopGate>(loop)) {
  if (surroundings.queue) {
    const WebhookKeysInRedis in_redis(surroundings.queue->prefix);
    const bullmq::Redis redis = connect(loop, *surroundings.queue, in_redis.hooks);
    outbox_ = std::make_unique<Outbox>(redis, in_redis, faults);
    closed_ = std::make_unique<ClosedEndpointsInRedis>(redis, in_redis.closed);
  } else {
    closed_ = std::make_unique<ClosedEndpointsInMemory>(clock_);
  }
  Sender sender(loop, clock_,
                {.timeout = options_.timeout,
                 .allowed_addresses = http::AddressRanges(options_.allowed_addresses),
                 .user_agent = surroundings.user_agent});
  courier_ = std::make_unique<Courier>(std::move(sender), EndpointGate(options_.concurrency), *closed_, keys,
                                       counters, faults, clock_, options_.attempts);
  memory_ = std::make_unique<MemoryDeliveries>(
      loop, clock_,
      [courier = courier_.get()](Message message, std::size_t made) {
        return courier->deliver(std::move(message), made);
      },
      MemoryDeliveries::Limits{.history = options_.max_history, .age = options_.history},
      [this](awaitable<void> work) { launch(std::move(work)); });
  deliveries_ = memory_.get();
  if (surroundings.queue) {
    queued_ = std::make_unique<QueuedDeliveries>(loop, *surroundings.queue, options_, *courier_, faults);
    deliveries_ = queued_.get();
  }
}

WebhookService::~WebhookService() = default;

void WebhookService::start() {
  looking_ =
      executor::run_periodically(loop_, faults_, "webhooks", kLookInterval, [this] { return look_again(); });
}

void WebhookService::launch(awaitable<void> work) {
  boost::asio::co_spawn(loop_.context(), std::move(work), [this](const std::exception_ptr& failure) {
    executor::note_ended_with(faults_, "webhooks", failure);
  });
}

awaitable<void> WebhookService::attach(Hook hook, std::function<void()> done) {
  const GenerationId id = hook.generation;
  const bool fresh = waiting_.try_emplace(id, Waiting{.hook = hook}).second;
  if (!fresh) {
    --counters_.waiting;
    done();
    co_return;
  }
  ++counters_.attached;
  // Who wants no end is told nothing that must not be lost.
  const bool tells_end = hook.webhook.events.any();
  bool kept = false;
  try {
    if (outbox_ && tells_end) {
      co_await outbox_->keep(std::move(hook), kLookAtOutboxEvery);
      kept = true;
    }
  } catch (...) {
    executor::note_caught(faults_, "webhook_attach");
  }
  if (!kept && tells_end) ++counters_.kept_in_memory;
  waiting_.at(id).in_outbox = kept;
  done();
  co_await watch(id);
}

awaitable<void> WebhookService::watch(GenerationId id) {
  std::function<void(std::function<void(Result<WatchOutcome>)>)> ask = [this, id](auto done) {
    executor_.watch(id, {}, std::move(done));
  };
  Result<WatchOutcome> answer = co_await answer_of<Result<WatchOutcome>>(gate_, std::move(ask));
  const auto found = waiting_.find(id);
  if (found == waiting_.end() || stopped_ || !answer) co_return;
  auto* const watch = std::get_if<std::unique_ptr<EventWatch>>(&*answer);
  // Without one it is looked for every now and then (look_again).
  if (watch == nullptr) co_return;
  found->second.watch = std::move(*watch);
  if (found->second.hook.webhook.news.any()) {
    tell_news(id, found->second);
    co_return;
  }
  // Any thread, and perhaps after this object has gone.
  found->second.watch->on_end([gate = gate_, this, id] { gate->post([this, id] { launch(settle(id)); }); });
}

void WebhookService::tell_news(GenerationId id, Waiting& waiting) {
  const Hook& hook = waiting.hook;
  if (!forms_.contains(hook.webhook.form)) return;
  NewsTeller::Surroundings around{.loop = loop_,
                                  .clock = clock_,
                                  .faults = faults_,
                                  .courier = *courier_,
                                  .gate = gate_,
                                  .launch = [this](awaitable<void> work) { launch(std::move(work)); },
                                  .make_message =
                                      [this, hook](GenerationRecord record, std::string logs,
                                                   std::string_view type, std::uint64_t number) {
                                        return make_news(hook, std::move(record), std::move(logs), type,
                                                         number);
                                      },
                                  .over = [this, id] { launch(settle(id)); }};
  waiting.news = std::make_shared<NewsTeller>(hook.webhook.news, waiting.watch, std::move(around));
  waiting.news->start();
}

awaitable<Message> WebhookService::make_news(Hook hook, GenerationRecord record, std::string logs,
                                             std::string_view type, std::uint64_t number) {
  const std::optional<GenerationRequest> request = co_await request_of(hook.generation);
  PayloadRules rules = payload_;
  rules.form = &forms_.at(hook.webhook.form);
  const Told told{.record = record, .request = request ? &*request : nullptr, .logs = logs};
  co_return news_of(hook, told, rules, type, number);
}

awaitable<std::optional<GenerationRequest>> WebhookService::request_of(GenerationId id) {
  std::function<void(std::function<void(Result<executor::RequestOutcome>)>)> ask = [this, id](auto done) {
    executor_.request_of(id, std::move(done));
  };
  Result<executor::RequestOutcome> answer =
      co_await answer_of<Result<executor::RequestOutcome>>(gate_, std::move(ask));
  auto* const request = answer ? std::get_if<GenerationRequest>(&*answer) : nullptr;
  if (request == nullptr) co_return std::nullopt;
  co_return std::move(*request);
}

awaitable<std::shared_ptr<const GenerationRecord>> WebhookService::record_of(GenerationId id) {
  std::function<void(std::function<void(Result<FindOutcome>)>)> ask = [this, id](auto done) {
    executor_.find(id, std::move(done));
  };
  Result<FindOutcome> answer = co_await answer_of<Result<FindOutcome>>(gate_, std::move(ask));
  if (!answer) {
    faults_.note(FaultLog::Source::kPlace, "webhook_find", FaultLog::Kind::kUnavailable,
                 answer.error().message);
    co_return nullptr;
  }
  if (auto* const record = std::get_if<GenerationRecord>(&*answer)) {
    if (!is_terminal(record->state)) co_return nullptr;
    co_return std::make_shared<const GenerationRecord>(std::move(*record));
  }
  const bool gone = std::holds_alternative<GenerationGone>(*answer);
  if (gone || clock_.now() - id.created_at() > kUnknownFor) {
    note_lost(id, gone ? "gone" : "unknown");
    const auto known = waiting_.find(id);
    co_await forget(id, known == waiting_.end() || known->second.in_outbox);
    drop(id);
  }
  co_return nullptr;
}

awaitable<void> WebhookService::settle(GenerationId id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end() || stopped_ || std::exchange(found->second.settling, true)) co_return;
  std::shared_ptr<const GenerationRecord> record;
  if (found->second.watch) record = found->second.watch->record_at_end();
  if (!record) {
    auto asked = co_await record_of(id);
    record = std::move(asked);
  }
  auto still = waiting_.find(id);
  if (still == waiting_.end()) co_return;
  if (!record) {
    still->second.settling = false;
    co_return;
  }
  still->second.watch.reset();
  std::string logs = still->second.news ? still->second.news->logs() : std::string();
  Hook hook = still->second.hook;
  std::optional<Message> message = co_await make_message(std::move(hook), record, std::move(logs));
  still = waiting_.find(id);
  if (still == waiting_.end()) co_return;
  const bool in_outbox = still->second.in_outbox;
  bool handed_over = true;
  if (message) handed_over = co_await hand_over(std::move(*message), in_outbox);
  // What Redis has is made anew from its record. Here is no other place than those whose bytes are bounded.
  if (!handed_over && !in_outbox) note_lost(id, "no room");
  if (handed_over || !in_outbox) {
    drop(id);
    co_await forget(id, in_outbox);
  } else if (const auto again = waiting_.find(id); again != waiting_.end()) {
    again->second.settling = false;
  }
}

void WebhookService::note_lost(const GenerationId& id, std::string_view reason) {
  ++counters_.lost;
  log::warn("webhook.lost", {{"generation", id.to_string()}, {"reason", reason}});
}

awaitable<std::optional<Message>> WebhookService::make_message(Hook hook,
                                                               std::shared_ptr<const GenerationRecord> record,
                                                               std::string logs) {
  PayloadRules rules = payload_;
  const auto form = forms_.find(hook.webhook.form);
  if (form == forms_.end()) co_return message_of(hook, *record, rules);
  rules.form = &form->second;
  const std::optional<GenerationRequest> request = co_await request_of(record->id);
  co_return message_of(hook, *record, rules, request ? &*request : nullptr, logs);
}

// False: nobody has it. What only this process knows of goes out from here when Redis is away.
awaitable<bool> WebhookService::hand_over(Message message, bool in_outbox) {
  try {
    Message copy = message;
    co_await deliveries_->add(std::move(copy));
    co_return true;
  } catch (...) {
    executor::note_caught(faults_, "webhook_hand_over");
  }
  if (in_outbox || deliveries_ == memory_.get()) co_return false;
  try {
    co_await memory_->add(std::move(message));
    co_return true;
  } catch (...) {
    executor::note_caught(faults_, "webhook_hand_over");
  }
  co_return false;
}

void WebhookService::drop(const GenerationId& id) {
  if (waiting_.erase(id) != 0) --counters_.waiting;
}

// Where that fails somebody finds it again, makes the same message and sees that it is there.
awaitable<void> WebhookService::forget(GenerationId id, bool in_outbox) {
  try {
    if (outbox_ && in_outbox) co_await outbox_->forget(id);
  } catch (...) {
    executor::note_caught(faults_, "webhook_forget");
  }
}

awaitable<void> WebhookService::look_again() {
  std::vector<GenerationId> unwatched;
  for (const auto& [id, waiting] : waiting_) {
    if (!waiting.watch && !waiting.settling && unwatched.size() < kLooksOfARound) unwatched.push_back(id);
  }
  for (const GenerationId& id : unwatched) co_await settle(id);
  if (outbox_ && !stopped_) co_await look_at_outbox();
}

awaitable<void> WebhookService::look_at_outbox() {
  const std::vector<Hook> due = co_await outbox_->take_due(kLooksOfARound, kLookAtOutboxEvery);
  for (const Hook& hook : due) {
    // Those of this process are waited for.
    if (!stopped_ && !waiting_.contains(hook.generation)) co_await settle_found(hook);
  }
}

awaitable<void> WebhookService::settle_found(Hook hook) {
  const auto record = co_await record_of(hook.generation);
  if (!record) co_return;
  std::optional<Message> message = co_await make_message(hook, record);
  bool handed_over = true;
  if (message) handed_over = co_await hand_over(std::move(*message), true);
  if (handed_over) co_await forget(hook.generation, true);
}

awaitable<Handed> WebhookService::take_message(Message message) {
  const std::string id = message.id;
  bool full = false;
  try {
    co_await deliveries_->add(std::move(message));
  } catch (const std::length_error&) {
    full = true;  // of the memory's bound: Redis has none
  }
  if (!full) co_return Handed::kTaken;
  ++counters_.lost;
  log::warn("webhook.lost", {{"message", id}, {"reason", "no room"}});
  co_return Handed::kNoRoom;
}

awaitable<Attempt> WebhookService::test(std::string url, std::string caller) {
  Message message =
      test_message("msg_test_" + random_name(), std::move(caller), std::move(url), clock_.now());
  co_return co_await courier_->test(std::move(message));
}

awaitable<void> WebhookService::stop(milliseconds grace) {
  // Generations that a drain has just ended: their ends are on this loop, behind one another.
  looking_.stop();
  if (queued_) co_await queued_->stop(grace);
  co_await memory_->stop(grace);
  stopped_ = true;
  gate_->shut();
  const auto in_memory = static_cast<std::size_t>(
      std::ranges::count_if(waiting_, [](const auto& each) { return !each.second.in_outbox; }));
  const std::size_t lost = in_memory + memory_->only_here();
  if (lost > 0) log::warn("webhooks.lost_with_process", {{"count", lost}});
  for (auto& [id, waiting] : waiting_) {
    if (waiting.news) waiting.news->stop();
  }
  waiting_.clear();
}

}  // namespace shunt::webhooks
