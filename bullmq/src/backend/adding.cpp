// Adding jobs: by upstream's scripts, or many at a time by addMany where nothing of a job asks for more.
#include <algorithm>
#include <utility>

#include "backend/queue_backend.hpp"
#include "bullmq/error.hpp"
#include "bullmq_scripts.hpp"
#include "core/job_options_codec.hpp"
#include "core/json_value.hpp"
#include "core/msgpack_writer.hpp"
#include "redis/asio_error.hpp"
#include "redis/expected_reply.hpp"

namespace bullmq::detail {
namespace {

// The queries before an add (add_checks).
constexpr std::size_t kChecks = 2;

// Returns the replies of a transaction of this size; whoever reads one sees whether its call failed.
std::vector<Reply> results_of(Reply exec, std::size_t size) {
  if (!exec.is_array() || exec.elements.size() != size)
    unexpected_reply("EXEC", "an array of " + std::to_string(size), exec);
  return std::move(exec.elements);
}

std::string parent_key_of(const JobToAdd& job) {
  return job.options.parent ? job.options.parent->queue + ":" + job.options.parent->id : "";
}

// addMany's last argument of a job.
std::string kind_of(const JobOptions& options) {
  if (options.delay && options.delay->count() > 0) return "d" + std::to_string(options.delay->count());
  if (options.priority.value_or(0) != 0) return "p" + std::to_string(*options.priority);
  return options.lifo.value_or(false) ? "l" : "";
}

}  // namespace

Command QueueBackend::add_command(const JobToAdd& job) const {
  const JobOptions& options = job.options;
  std::string arguments;
  MsgpackWriter writer(arguments);
  writer.array(10).text(keys_.base).text(options.job_id.value_or("")).text(job.name);
  // The script hands text on to Redis as it is; Lua takes long to print a number.
  writer.text(std::to_string(job.timestamp));
  if (options.parent) {
    const std::string parent_key = options.parent->queue + ":" + options.parent->id;
    writer.text(parent_key).text(parent_key + ":dependencies");
    const bool flags[] = {options.fail_parent_on_failure.value_or(false),
                          options.remove_dependency_on_failure.value_or(false),
                          options.ignore_dependency_on_failure.value_or(false),
                          options.continue_parent_on_failure.value_or(false)};
    constexpr const char* kFlags[] = {"fpof", "rdof", "idof", "cpof"};
    std::size_t set = 0;
    for (const bool flag : flags) set += flag ? 1 : 0;
    writer.map(2 + set).text("id").text(options.parent->id).text("queueKey").text(options.parent->queue);
    for (std::size_t i = 0; i < 4; ++i) {
      if (flags[i]) writer.text(kFlags[i]).boolean(true);
    }
  } else {
    writer.nil().nil().nil();
  }
  writer.nil();  // the scheduler that made it
  if (options.deduplication) {
    writer.text(keys_.deduplication(options.deduplication->id));
  } else {
    writer.nil();
  }
  writer.nil();  // flows put a 1 here

  std::string packed;
  pack_job_options(options, packed);
  const std::size_t reserve =
      512 + arguments.size() + packed.size() + job.data.size() + 9 * (keys_.base.size() + 24);
  if (options.delay && options.delay->count() > 0) {
    return ScriptCall(scripts::addDelayedJob, 3, reserve)
        .add_all(keys_.marker, keys_.meta, keys_.id, keys_.delayed, keys_.completed, keys_.events)
        .add_all(arguments, job.data, packed)
        .take();
  }
  if (options.priority.value_or(0) != 0) {
    return ScriptCall(scripts::addPrioritizedJob, 3, reserve)
        .add_all(keys_.marker, keys_.meta, keys_.id, keys_.prioritized, keys_.delayed, keys_.completed,
                 keys_.active, keys_.events, keys_.pc)
        .add_all(arguments, job.data, packed)
        .take();
  }
  return ScriptCall(scripts::addStandardJob, 3, reserve)
      .add_all(keys_.wait, keys_.paused, keys_.meta, keys_.id, keys_.completed, keys_.delayed, keys_.active,
               keys_.events, keys_.marker)
      .add_all(arguments, job.data, packed)
      .take();
}

bool QueueBackend::needs_checks(const JobToAdd& job) const {
  return (job.options.job_id && !job.options.job_id->empty()) || job.options.deduplication;
}

std::size_t QueueBackend::add_checks(const JobToAdd& job, Transaction& transaction) const {
  if (!needs_checks(job)) return 0;
  transaction.add(make_query("EXISTS", keys_.job(job.options.job_id.value_or(""))));
  transaction.add(make_query(
      "GET", job.options.deduplication ? keys_.deduplication(job.options.deduplication->id) : keys_.id));
  return kChecks;
}

AddOutcome QueueBackend::judge(const JobToAdd& job, const std::string& id, const Reply* checks) const {
  if (job.options.job_id && !job.options.job_id->empty() && checks[0].is_integer() &&
      checks[0].integer == 1 && id == *job.options.job_id) {
    return AddOutcome::duplicate;
  }
  if (job.options.deduplication && checks[1].is_text() && checks[1].text == id)
    return AddOutcome::deduplicated;
  return AddOutcome::created;
}

bool QueueBackend::is_plain(const JobToAdd& job) const {
  const JobOptions& options = job.options;
  const std::int64_t delay = options.delay.value_or(Milliseconds(0)).count();
  const bool prioritized = options.priority.value_or(0) != 0;
  // Stored as it is, though it means none.
  const bool empty_id = options.job_id && options.job_id->empty();
  return fast_path && !options.parent && !options.deduplication && options.extra.empty() && !empty_id &&
         delay >= 0 && !(delay > 0 && prioritized);
}

// What the scripts store, made here once for all jobs that have the same options.
std::string QueueBackend::stored_options(const JobOptions& options) {
  if (known_options_json_.empty() || !are_same_but_for_id(options, known_options_)) {
    JobOptions common = options;
    common.job_id.reset();
    known_options_json_ = stored_options_json(common);
    known_options_ = std::move(common);
  }
  if (!options.job_id || options.job_id->empty()) return known_options_json_;
  constexpr std::string_view kJobId = ",\"jobId\":";
  std::string json;
  json.reserve(known_options_json_.size() + kJobId.size() + options.job_id->size() + 2);
  // Without its last brace. It is never "{}": the attempts are always in it.
  json.append(known_options_json_, 0, known_options_json_.size() - 1).append(kJobId);
  append_json_string(json, *options.job_id);
  return json += '}';
}

void QueueBackend::append_plain(const JobToAdd& job, std::string& out) {
  const std::string options = stored_options(job.options);
  const std::string_view id = job.options.job_id ? std::string_view(*job.options.job_id) : std::string_view();
  // Six headers, a time and a kind are shorter than this.
  constexpr std::size_t kTheRest = 128;
  out.reserve(out.size() + id.size() + job.name.size() + job.data.size() + options.size() + kTheRest);
  append_bulk(out, id);
  append_bulk(out, std::string_view(job.name));
  append_bulk(out, std::string_view(job.data));
  append_bulk(out, std::string_view(options));
  append_bulk(out, job.timestamp);
  append_bulk(out, std::string_view(kind_of(job.options)));
}

awaitable<std::vector<AddedJob>> QueueBackend::add_many(std::size_t count, std::string arguments) {
  constexpr std::size_t kOfOne = 6;
  Command command = ScriptCall(scripts::addMany, 1 + kOfOne * count, arguments.size() + 1024)
                        .add_all(keys_.wait, keys_.meta, keys_.id, keys_.delayed, keys_.active, keys_.events,
                                 keys_.marker, keys_.prioritized, keys_.pc, keys_.base)
                        .add_encoded(arguments)
                        .take();
  Reply reply = co_await run(std::move(command));
  co_return read_added(std::move(reply), count);
}

QueueBackend::Added QueueBackend::added_plainly(const JobToAdd& job, const AddedJob& result) {
  if (result.error) throw RedisError(*result.error);
  if (job.options.job_id && !job.options.job_id->empty()) {
    return {*job.options.job_id, result.duplicate ? AddOutcome::duplicate : AddOutcome::created};
  }
  return {std::to_string(result.number), AddOutcome::created};
}

// What addJob answered, behind the checks before it if there were any.
QueueBackend::Added QueueBackend::added_alone(const JobToAdd& job, Reply result, const Reply* checks) const {
  if (result.is_error()) throw RedisError(result.text);
  check(result, "undefined", "addJob", {}, parent_key_of(job));
  std::string id = expect_id(std::move(result), "addJob");
  const AddOutcome outcome = checks != nullptr ? judge(job, id, checks) : AddOutcome::created;
  return {std::move(id), outcome};
}

// A call of its own is sent as it is; all others share one.
awaitable<void> QueueBackend::send_adds(std::shared_ptr<QueueBackend> self, Batch<AddItem> items) {
  if (!self) throw ConnectionError(Fate::not_executed, "Connection is closed.");
  AddItem& first = items[0];
  if (first.alone) {
    if (!first.command) co_return;
    Reply reply = co_await self->run(std::move(*first.command));
    first.reply = std::move(reply);
    co_return;
  }
  std::string arguments;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < items.size(); ++i) bytes += items[i].bytes;
  arguments.reserve(bytes);
  for (std::size_t i = 0; i < items.size(); ++i) arguments += items[i].arguments;
  auto added = co_await self->add_many(items.size(), std::move(arguments));
  for (std::size_t i = 0; i < items.size(); ++i) items[i].added = std::move(added[i]);
}

awaitable<QueueBackend::Added> QueueBackend::add(const JobToAdd& job) {
  const auto item = std::make_shared<AddItem>();
  const bool plain = is_plain(job);
  const bool checked = !plain && needs_checks(job);
  if (plain) {
    append_plain(job, item->arguments);
  } else if (checked) {
    Transaction transaction;
    add_checks(job, transaction);
    transaction.add(add_command(job));
    item->command = transaction.take();
  } else {
    item->command = add_command(job);
  }
  item->alone = !plain;
  item->bytes = plain ? item->arguments.size() : item->command->bytes.size();
  try {
    co_await adds().join(item);
  } catch (const boost::system::system_error& error) {
    throw_documented(error);
  }
  if (plain) co_return added_plainly(job, item->added);
  if (!checked) co_return added_alone(job, std::move(item->reply), nullptr);
  std::vector<Reply> results = results_of(std::move(item->reply), kChecks + 1);
  co_return added_alone(job, std::move(results[kChecks]), results.data());
}

awaitable<std::vector<QueueBackend::Added>> QueueBackend::add_bulk(const std::vector<const JobToAdd*>& jobs) {
  std::vector<Added> added;
  added.reserve(jobs.size());
  if (std::all_of(jobs.begin(), jobs.end(), [this](const JobToAdd* job) { return is_plain(*job); })) {
    std::string arguments;
    for (const JobToAdd* job : jobs) append_plain(*job, arguments);
    const auto results = co_await add_many(jobs.size(), std::move(arguments));
    for (std::size_t i = 0; i < jobs.size(); ++i) added.push_back(added_plainly(*jobs[i], results[i]));
    co_return added;
  }
  Transaction transaction;
  for (const JobToAdd* job : jobs) {
    add_checks(*job, transaction);
    transaction.add(add_command(*job));
  }
  const std::size_t size = transaction.size();
  Reply reply = co_await run(transaction.take());
  std::vector<Reply> results = results_of(std::move(reply), size);
  std::size_t at = 0;
  for (const JobToAdd* job : jobs) {
    const Reply* checks = needs_checks(*job) ? &results[at] : nullptr;
    if (checks != nullptr) at += kChecks;
    added.push_back(added_alone(*job, std::move(results[at++]), checks));
  }
  co_return added;
}

BatcherOptions QueueBackend::batcher_options() const {
  BatcherOptions options;
  options.max_waiting_bytes = connection_->options().max_unsent_bytes;
  options.max_bytes = std::clamp<std::size_t>(options.max_waiting_bytes / 4, 1, options.max_bytes);
  return options;
}

const Batcher<AddItem>& QueueBackend::adds() {
  if (!adds_) {
    adds_.emplace(
        connection_->executor(),
        [weak = weak_from_this()](Batch<AddItem> items) { return send_adds(weak.lock(), items); },
        batcher_options());
  }
  return *adds_;
}

awaitable<void> QueueBackend::hand_over_adds() {
  if (!adds_) co_return;
  // Alone and without a command: all that it does is to come after the others.
  const auto last = std::make_shared<AddItem>();
  last->alone = true;
  co_await adds_->join(last);
}

}  // namespace bullmq::detail
