// Ending jobs and taking new ones: by upstream's scripts, or many at a time by finishMany.
#include <utility>

#include "backend/queue_backend.hpp"
#include "bullmq/error.hpp"
#include "bullmq_scripts.hpp"
#include "core/identity.hpp"
#include "core/job_options_codec.hpp"
#include "core/msgpack_writer.hpp"
#include "core/script_answers.hpp"
#include "redis/asio_error.hpp"
#include "redis/expected_reply.hpp"

namespace bullmq::detail {
namespace {

// Answered for a job that has a parent, children, or whatever else asks for more than ending it: only
// upstream's script knows all that becomes of those.
constexpr std::int64_t kForUpstream = -100;

Reply the_only_one(std::vector<Reply> replies) {
  if (replies.size() != 1) unexpected_reply("finishMany", "one answer to an end", Reply());
  return std::move(replies.front());
}

}  // namespace

std::string pack_fields(const JobFields& fields) {
  std::string packed;
  if (fields.empty()) return packed;
  MsgpackWriter writer(packed);
  writer.array(fields.size() * 2);
  for (const auto& [name, value] : fields) writer.text(name).text(value);
  return packed;
}

KeepJobs QueueBackend::kept(const JobRecord& job, Outcome outcome) const {
  const bool completed = outcome == Outcome::completed;
  const auto& of_job = completed ? job.options.remove_on_complete : job.options.remove_on_fail;
  const auto& of_worker = completed ? policy.remove_on_complete : policy.remove_on_fail;
  return of_job ? *of_job : of_worker.value_or(KeepJobs::all());
}

// {token, lockDuration, limiter?, name?}: what a script needs to take a job.
void QueueBackend::append_fetch_options(std::string& out, std::string_view token) const {
  MsgpackWriter writer(out);
  writer.map(2 + (policy.limiter ? 1 : 0) + (policy.name.empty() ? 0 : 1));
  writer.text("token").text(token).text("lockDuration").text(std::to_string(policy.lock_duration.count()));
  if (policy.limiter) {
    writer.text("limiter")
        .map(2)
        .text("max")
        .integer(policy.limiter->max)
        .text("duration")
        .integer(policy.limiter->duration.count());
  }
  if (!policy.name.empty()) writer.text("name").text(policy.name);
}

awaitable<NextJob> QueueBackend::take_one(std::string token) {
  std::string options;
  append_fetch_options(options, token);
  Command command =
      ScriptCall(scripts::moveToActive, 3)
          .add_all(keys_.wait, keys_.active, keys_.prioritized, keys_.events, keys_.stalled, keys_.limiter,
                   keys_.delayed, keys_.paused, keys_.meta, keys_.pc, keys_.marker)
          .add_all(keys_.base, now_ms(), options)
          .take();
  Reply reply = co_await run(std::move(command));
  co_return decode_next_job(std::move(reply), &stored_options_);
}

awaitable<NextJob> QueueBackend::finish_one(const JobRecord& job, Outcome outcome, std::string value,
                                            std::string token, bool fetch_next, JobFields fields) {
  const bool completed = outcome == Outcome::completed;
  const KeepJobs keep = kept(job, outcome);
  std::string options;
  options.reserve(256);
  MsgpackWriter writer(options);
  writer.map(9 + (policy.name.empty() ? 0 : 1) + (policy.limiter ? 1 : 0));
  writer.text("token").text(token);
  if (!policy.name.empty()) writer.text("name").text(policy.name);
  writer.text("keepJobs");
  pack_keep_jobs(keep, options);
  if (policy.limiter) {
    writer.text("limiter")
        .map(2)
        .text("max")
        .integer(policy.limiter->max)
        .text("duration")
        .integer(policy.limiter->duration.count());
  }
  writer.text("lockDuration").text(std::to_string(policy.lock_duration.count()));
  writer.text("attempts").integer(job.options.attempts.value_or(0));
  writer.text("maxMetricsSize");
  if (policy.metrics_max_data_points) {
    writer.integer(*policy.metrics_max_data_points);
  } else {
    writer.text("");
  }
  writer.text("fpof").boolean(job.options.fail_parent_on_failure.value_or(false));
  writer.text("cpof").boolean(job.options.continue_parent_on_failure.value_or(false));
  writer.text("idof").boolean(job.options.ignore_dependency_on_failure.value_or(false));
  writer.text("rdof").boolean(job.options.remove_dependency_on_failure.value_or(false));

  Command command = ScriptCall(scripts::moveToFinished, 9, 1024 + value.size())
                        .add_all(keys_.wait, keys_.active, keys_.prioritized, keys_.events, keys_.stalled,
                                 keys_.limiter, keys_.delayed, keys_.paused, keys_.meta, keys_.pc,
                                 completed ? keys_.completed : keys_.failed, keys_.job(job.id),
                                 completed ? keys_.metrics_completed : keys_.metrics_failed, keys_.marker)
                        .add_all(job.id, now_ms(), completed ? "returnvalue" : "failedReason", value,
                                 completed ? "completed" : "failed", fetch_next ? 1 : 0, keys_.base, options,
                                 pack_fields(fields))
                        .take();
  Reply reply = co_await run(std::move(command));
  check(reply, job.id, "moveToFinished", "active");
  co_return decode_next_job(std::move(reply), &stored_options_);
}

bool QueueBackend::may_share_ends() const {
  // RPOP takes a count from there on.
  constexpr ServerVersion kNeeded{6, 2, 0};
  return fast_path && !(connection_->server_version() < kNeeded);
}

awaitable<NextJob> QueueBackend::finish(const JobRecord& job, Outcome outcome, std::string value,
                                        std::string token, bool fetch_next, JobFields fields) {
  if (!may_share_ends() || job.parent_key || job.deduplication_id || token == kNoToken) {
    NextJob next =
        co_await finish_one(job, outcome, std::move(value), std::move(token), fetch_next, std::move(fields));
    co_return next;
  }
  const bool completed = outcome == Outcome::completed;
  const auto item = std::make_shared<EndItem>();
  item->ends = 1;
  // Eight headers, a few numbers and what is kept are shorter than this; fields are rare.
  constexpr std::size_t kTheRest = 192;
  item->arguments.reserve(job.id.size() + token.size() + value.size() + kTheRest);
  append_bulk(item->arguments, std::string_view(job.id));
  append_bulk(item->arguments, std::string_view(token));
  append_bulk(item->arguments, std::string_view(completed ? "c" : "f"));
  append_bulk(item->arguments, std::string_view(value));
  append_bulk(item->arguments, job.options.attempts.value_or(0));
  append_bulk(item->arguments, std::string_view(pack_fields(fields)));
  std::string keep;
  pack_keep_jobs(kept(job, outcome), keep);
  append_bulk(item->arguments, std::string_view(keep));
  append_bulk(item->arguments, std::string_view(fetch_next ? "1" : "0"));
  item->bytes = item->arguments.size();
  try {
    co_await ends().join(item);
  } catch (const boost::system::system_error& error) {
    throw_documented(error);
  }
  Reply reply = the_only_one(std::move(item->replies));
  if (reply.is_integer() && reply.integer == kForUpstream) {
    NextJob next =
        co_await finish_one(job, outcome, std::move(value), std::move(token), fetch_next, std::move(fields));
    co_return next;
  }
  check(reply, job.id, "moveToFinished", "active");
  co_return decode_taken(std::move(reply), item->at);
}

awaitable<std::vector<NextJob>> QueueBackend::move_to_active(std::vector<std::string> tokens) {
  std::vector<NextJob> taken;
  if (tokens.empty()) co_return taken;
  // A job without a lock cannot share a call: finishMany always sets one.
  if (!may_share_ends() || tokens.front() == kNoToken) {
    NextJob next = co_await take_one(std::move(tokens.front()));
    taken.push_back(std::move(next));
    co_return taken;
  }
  const auto item = std::make_shared<EndItem>();
  for (const std::string& token : tokens) append_bulk(item->arguments, std::string_view(token));
  item->slots = tokens.size();
  item->bytes = item->arguments.size();
  try {
    co_await ends().join(item);
  } catch (const boost::system::system_error& error) {
    throw_documented(error);
  }
  for (Reply& reply : item->replies) taken.push_back(decode_taken(std::move(reply), item->at));
  if (taken.empty()) unexpected_reply("finishMany", "an answer for a slot", Reply());
  co_return taken;
}

// A job as it was before the script took it, and what the script has set since.
NextJob QueueBackend::decode_taken(Reply reply, Timestamp at) {
  const bool as_upstream = reply.elements.size() > 3;
  NextJob next = read_taken(std::move(reply), &stored_options_);
  if (!next.has_job || as_upstream) return next;
  next.record.processed_on = at;
  ++next.record.attempts_started;
  if (!policy.name.empty()) next.record.processed_by = policy.name;
  return next;
}

// Ends come before further slots in the script's arguments.
Command QueueBackend::finish_many_command(Batch<EndItem> items, Timestamp now) const {
  std::size_t ending = 0;
  std::size_t slots = 0;
  std::string arguments;
  for (std::size_t i = 0; i < items.size(); ++i) {
    ending += items[i].ends;
    if (items[i].ends > 0) arguments += items[i].arguments;
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    slots += items[i].slots;
    if (items[i].ends == 0) arguments += items[i].arguments;
  }
  constexpr std::size_t kCommon = 8;
  constexpr std::size_t kOfOne = 8;
  const std::string points =
      policy.metrics_max_data_points ? std::to_string(*policy.metrics_max_data_points) : std::string();
  const std::string max = policy.limiter ? std::to_string(policy.limiter->max) : std::string();
  const std::string duration =
      policy.limiter ? std::to_string(policy.limiter->duration.count()) : std::string();
  return ScriptCall(scripts::finishMany, kCommon + kOfOne * ending + slots, arguments.size() + 1536)
      .add_all(keys_.wait, keys_.active, keys_.prioritized, keys_.events, keys_.stalled, keys_.limiter,
               keys_.delayed, keys_.meta, keys_.pc, keys_.marker, keys_.completed, keys_.failed,
               keys_.metrics_completed, keys_.metrics_failed)
      .add_all(keys_.base, now, policy.lock_duration.count(), policy.name, points, max, duration, ending)
      .add_encoded(arguments)
      .take();
}

awaitable<void> QueueBackend::send_ends(std::shared_ptr<QueueBackend> self, Batch<EndItem> items) {
  if (!self) throw ConnectionError(Fate::not_executed, "Connection is closed.");
  std::vector<EndShare> shares;
  shares.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) shares.push_back({items[i].ends, items[i].slots});
  const Timestamp now = now_ms();
  Command command = self->finish_many_command(items, now);
  Reply reply = co_await self->run(std::move(command));
  std::vector<std::vector<Reply>> shared_out = share_out(shares, std::move(reply));
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i].replies = std::move(shared_out[i]);
    items[i].at = now;
  }
}

const Batcher<EndItem>& QueueBackend::ends() {
  if (!ends_) {
    ends_.emplace(
        connection_->executor(),
        [weak = weak_from_this()](Batch<EndItem> items) { return send_ends(weak.lock(), items); },
        batcher_options());
  }
  return *ends_;
}

}  // namespace bullmq::detail
