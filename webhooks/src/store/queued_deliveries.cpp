#include "store/queued_deliveries.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "shunt/executor/redis/redis_address.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "store/outbox.hpp"
#include "store/stored_forms.hpp"

namespace shunt::webhooks {
namespace {

using bullmq::awaitable;
using std::chrono::milliseconds;

// Deliveries under way in one process. Most of their time is somebody else's.
constexpr std::size_t kAtOnce = 64;
// The name that job and worker agree on for the pauses between attempts.
constexpr const char* kBackoff = "webhook";
// A process that dies over an attempt must not cost a delivery, so its loss is forgiven this often.
constexpr std::int64_t kMostStalls = 100;
constexpr std::int64_t kQueueEvents = 1'000;
constexpr std::size_t kMaxReplyBytes = 64UL * 1024 * 1024;

bullmq::ConnectionOptions connection(const executor::QueueOptions& queue, std::string name) {
  bullmq::ConnectionOptions options = executor::connection_options(queue);
  options.command_timeout = queue.command_timeout;
  options.connect_timeout = std::max(queue.command_timeout, milliseconds(1'000));
  options.reconnect_max = milliseconds(1'000);
  options.client_name = std::move(name);
  options.max_reply_bytes = kMaxReplyBytes;
  return options;
}

bullmq::KeepJobs kept(const WebhookOptions& options) {
  return {.age = std::chrono::duration_cast<std::chrono::seconds>(options.history),
          .count = static_cast<std::int64_t>(options.max_history)};
}

bullmq::QueueOptions queue_options(const executor::QueueOptions& queue, const WebhookOptions& options) {
  bullmq::QueueOptions made;
  made.connection = connection(queue, "shunt:webhooks");
  // Without a server it is known at once that nothing can be added.
  made.connection.offline_queue = false;
  made.prefix = WebhookKeysInRedis(queue.prefix).queue_prefix_of_deliveries;
  made.max_len_events = kQueueEvents;
  made.default_job_options.attempts = static_cast<std::int64_t>(std::min(options.attempts, kMostAttempts));
  made.default_job_options.backoff = bullmq::Backoff{.type = kBackoff};
  made.default_job_options.keep_logs = static_cast<std::int64_t>(kKeptAttempts);
  made.default_job_options.stack_trace_limit = 1;
  made.default_job_options.remove_on_complete = kept(options);
  made.default_job_options.remove_on_fail = kept(options);
  return made;
}

bullmq::WorkerOptions worker_options(const executor::QueueOptions& queue, const WebhookOptions& options) {
  bullmq::WorkerOptions made;
  made.connection = connection(queue, "shunt:webhooks-worker");
  made.prefix = WebhookKeysInRedis(queue.prefix).queue_prefix_of_deliveries;
  made.concurrency = kAtOnce;
  made.lock_duration = std::max<milliseconds>(queue.lock_duration, milliseconds(1'000));
  made.stalled_interval = queue.stalled_interval;
  made.max_stalled_count = kMostStalls;
  // What a process that stops has under way is over within its attempt, or is given back.
  made.cancel_grace = std::min<milliseconds>(options.timeout, milliseconds(1'000));
  return made;
}

bullmq::Timestamp now_ms() {
  return system_clock().now().time_since_epoch().count();
}

// A reason to have failed stays with a job whose later attempt was no failure.
DeliveryState state_of(const bullmq::JobRecord& job) {
  if (!job.finished_on) return DeliveryState::kPending;
  return job.return_value ? DeliveryState::kDelivered : DeliveryState::kFailed;
}

bullmq::JobStates states_of(std::optional<DeliveryState> state) {
  using bullmq::JobState;
  if (state == DeliveryState::kDelivered) return {JobState::completed};
  if (state == DeliveryState::kFailed) return {JobState::failed};
  if (state == DeliveryState::kPending) return {JobState::waiting, JobState::active, JobState::delayed};
  return {JobState::waiting, JobState::active, JobState::delayed, JobState::completed, JobState::failed};
}

WallTime time_of(bullmq::Timestamp ms) {
  return WallTime(milliseconds(ms));
}

}  // namespace

QueuedDeliveries::QueuedDeliveries(EventLoop& loop, const executor::QueueOptions& queue,
                                   const WebhookOptions& options, Courier& courier, FaultLog& faults)
    : options_(options),
      courier_(courier),
      faults_(faults),
      queue_(loop.context().get_executor(), kDeliveryQueue, queue_options(queue, options)),
      worker_(loop.context().get_executor(), kDeliveryQueue,
              bullmq::Processor([this](bullmq::Job job, std::stop_token) { return process(std::move(job)); }),
              [this, &queue, &options] {
                bullmq::WorkerOptions made = worker_options(queue, options);
                made.backoff_strategy = [this](std::int64_t, std::string_view, const bullmq::JobFailure&,
                                               const bullmq::JobRecord& job) { return pause_of(job); };
                return made;
              }()) {
  const auto note = [this](const std::exception& error) {
    faults_.note(FaultLog::Source::kPlace, "webhook_deliveries", executor::kind_of_fault(error),
                 executor::words_of(error));
  };
  subscriptions_.push_back(worker_.events().error.subscribe(note));
  subscriptions_.push_back(queue_.on_error().subscribe(note));
}

awaitable<void> QueuedDeliveries::add(Message message) {
  bullmq::JobOptions options;
  options.job_id = message.id;
  std::string data = encode_message(message);
  std::string type = std::move(message.type);
  const bullmq::Job added = co_await queue_.add(std::move(type), std::move(data), options);
  (void)added;  // created, or there already
}

std::int64_t QueuedDeliveries::pause_of(const bullmq::JobRecord& job) {
  const auto known = pauses_.extract(job.id);
  // What is not an attempt's end (a script that failed, say) comes again soon.
  return known.empty() ? pause_after(1, kMostAttempts, 0)->count() : known.mapped().count();
}

awaitable<std::string> QueuedDeliveries::process(bullmq::Job job) {
  auto message = decode_message(job.id(), job.name(), job.data());
  if (!message) throw bullmq::UnrecoverableError(message.error().message);
  const auto made = static_cast<std::size_t>(std::max<std::int64_t>(job.record().attempts_made, 0)) + 1;
  const Courier::Outcome outcome = co_await courier_.deliver(std::move(*message), made);
  if (outcome.wait) {
    std::string token = job.token();
    co_await job.move_to_delayed(now_ms() + outcome.wait->count(), std::move(token));
    throw bullmq::DelayedError();
  }
  if (outcome.attempt) co_await write_down(job.id(), *outcome.attempt);
  switch (outcome.verdict.kind) {
    case Verdict::Kind::kDelivered:
      co_return encode_attempt(*outcome.attempt);
    case Verdict::Kind::kRetry:
      pauses_[job.id()] = outcome.verdict.pause;
      throw bullmq::ProcessorError("Error", outcome.verdict.reason);
    default:
      throw bullmq::UnrecoverableError(outcome.verdict.reason);
  }
}

// What has been sent has been sent: a line that cannot be written does not send it again.
awaitable<void> QueuedDeliveries::write_down(std::string id, Attempt attempt) {
  try {
    std::string line = encode_attempt(attempt);
    (void)co_await queue_.add_job_log(std::move(id), std::move(line),
                                      static_cast<std::int64_t>(kKeptAttempts));
  } catch (...) {
    executor::note_caught(faults_, "webhook_log");
  }
}

std::optional<Delivery> QueuedDeliveries::delivery_of(const bullmq::JobRecord& job, DeliveryState state) {
  auto message = decode_message(job.id, job.name, job.data);
  if (!message) {
    faults_.note(FaultLog::Source::kPlace, "webhook_job", FaultLog::Kind::kFault, message.error().message);
    return std::nullopt;
  }
  Delivery delivery;
  delivery.message = std::move(*message);
  delivery.state = state;
  delivery.created_at = time_of(job.timestamp);
  delivery.made = static_cast<std::size_t>(std::max<std::int64_t>(job.attempts_made, 0));
  if (state == DeliveryState::kFailed) delivery.reason = job.failed_reason.value_or("");
  if (state == DeliveryState::kPending && job.delay.count() > 0 && job.processed_on)
    delivery.next_attempt = time_of(*job.processed_on + job.delay.count());
  return delivery;
}

awaitable<std::vector<Delivery>> QueuedDeliveries::list(DeliveryQuery query) {
  const auto last = static_cast<std::int64_t>(query.limit) - 1;
  const std::vector<bullmq::Job> jobs = co_await queue_.get_jobs(states_of(query.state), 0, last);
  std::vector<Delivery> deliveries;
  for (const bullmq::Job& job : jobs) {
    if (auto delivery = delivery_of(job.record(), state_of(job.record())))
      deliveries.push_back(std::move(*delivery));
  }
  std::ranges::sort(deliveries, std::ranges::greater{}, &Delivery::created_at);
  if (deliveries.size() > query.limit)
    deliveries.erase(deliveries.begin() + static_cast<std::ptrdiff_t>(query.limit), deliveries.end());
  co_return deliveries;
}

awaitable<std::optional<Delivery>> QueuedDeliveries::find(std::string id) {
  const std::optional<bullmq::Job> job = co_await queue_.get_job(std::move(id));
  if (!job) co_return std::nullopt;
  std::optional<Delivery> delivery = delivery_of(job->record(), state_of(job->record()));
  if (delivery) co_await read_attempts(*delivery);
  co_return delivery;
}

awaitable<void> QueuedDeliveries::read_attempts(Delivery& delivery) {
  const bullmq::JobLogs logs = co_await queue_.job_logs(delivery.message.id, 0, -1);
  for (const std::string& line : logs.lines) {
    if (auto attempt = decode_attempt(line)) delivery.attempts.push_back(std::move(*attempt));
  }
  const auto& attempts = delivery.attempts;
  if (attempts.size() > kKeptAttempts)
    delivery.attempts.erase(attempts.begin(), attempts.end() - static_cast<std::ptrdiff_t>(kKeptAttempts));
}

awaitable<Redelivery> QueuedDeliveries::redeliver(std::string id) {
  std::optional<bullmq::Job> job = co_await queue_.get_job(std::move(id));
  if (!job) co_return Redelivery::kUnknown;
  const DeliveryState state = state_of(job->record());
  if (state == DeliveryState::kPending) co_return Redelivery::kStillGoing;
  const auto from = state == DeliveryState::kFailed ? bullmq::JobState::failed : bullmq::JobState::completed;
  try {
    co_await job->retry(from, {.reset_attempts_made = true, .reset_attempts_started = true});
  } catch (const bullmq::JobError& error) {
    // Somebody else has done so since, or it was removed for its age.
    faults_.note(FaultLog::Source::kPlace, "webhook_redeliver", FaultLog::Kind::kUnavailable, error.what());
    co_return error.code() == bullmq::ErrorCode::job_not_exist ? Redelivery::kUnknown
                                                               : Redelivery::kStillGoing;
  }
  co_return Redelivery::kBegun;
}

awaitable<void> QueuedDeliveries::stop(milliseconds grace) {
  co_await worker_.close(grace);
  co_await queue_.close();
}

}  // namespace shunt::webhooks
