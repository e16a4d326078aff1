#include "bullmq/error.hpp"
#include "remote.hpp"

namespace remote {
namespace {

using bullmq::awaitable;
using bullmq::Job;
using bullmq::JobState;

awaitable<Json> is_in(Job job, JobState state) {
  const bool is = co_await job.is_in(state);
  co_return is;
}

awaitable<Json> state(Remote&, Job job, Arguments) {
  const JobState state = co_await job.state();
  co_return std::string(bullmq::name_of(state));
}

awaitable<Json> retry(Remote&, Job job, Arguments args) {
  const Json given = call_options(args.at(1), {"resetAttemptsMade", "resetAttemptsStarted"});
  bullmq::RetryOptions options;
  options.reset_attempts_made = given.value("resetAttemptsMade", false);
  options.reset_attempts_started = given.value("resetAttemptsStarted", false);
  const JobState from = args.at(0).is_null() ? JobState::failed : bullmq::job_state_from(args.text(0));
  co_await job.retry(from, options);
  co_return Json();
}

awaitable<Json> change_priority(Remote&, Job job, Arguments args) {
  const Json given = call_options(args.at(0), {"priority", "lifo"});
  bullmq::ChangePriorityOptions options;
  options.priority = given.value("priority", std::int64_t{0});
  options.lifo = given.value("lifo", false);
  co_await job.change_priority(options);
  co_return Json();
}

awaitable<Json> wait_until_finished(Remote& remote, Job job, Arguments args) {
  Handle& events = remote.handle(args.at(0).at("$ref").get<std::string>());
  // Without a time the wait has no end; an hour is more than any test.
  const bullmq::Milliseconds deadline(args.get<std::int64_t>(1, 3'600'000));
  const std::string value = co_await job.wait_until_finished(*events.events, deadline);
  co_return value_of(value);
}

// [job data, id, 0, 0] or null, as Node's; the caller only looks at the first two.
Json next_json(const std::optional<Job>& next) {
  if (!next) return Json::array();
  return Json::array({encode_job(*next)["$job"], next->id(), 0, 0});
}

bullmq::FetchNext fetch_next(bool wanted) {
  return wanted ? bullmq::FetchNext::yes : bullmq::FetchNext::no;
}

awaitable<Json> move_to_completed(Remote&, Job job, Arguments args) {
  const auto next =
      co_await job.move_to_completed(args.json(0, "null"), args.text(1), fetch_next(args.get(2, true)));
  co_return next_json(next);
}

awaitable<Json> move_to_failed(Remote&, Job job, Arguments args) {
  const Json error = args.at(0).is_object() ? args.at(0) : Json::object();
  std::string reason = error.value("message", "");
  std::string name = error.value("name", "Error");
  std::string stack = error.value("stack", "");
  const auto next = co_await job.move_to_failed(
      std::move(reason), args.text(1), fetch_next(args.get(2, false)), std::move(name), std::move(stack));
  // A retry at once does not look for the next job, and has no answer.
  const bool retried_at_once = !job.record().finished_on && job.record().delay.count() == 0;
  if (!next && retried_at_once) co_return Json();
  co_return next_json(next);
}

awaitable<Json> extend_lock(Remote&, Job job, Arguments args) {
  const bool extended =
      co_await job.extend_lock(args.text(0), bullmq::Milliseconds(args.get<std::int64_t>(1, 0)));
  co_return extended ? 1 : 0;
}

awaitable<Json> remove(Remote&, Job job, Arguments args) {
  const Json options = call_options(args.at(0), {"removeChildren"});
  const auto children =
      options.value("removeChildren", true) ? bullmq::Children::remove : bullmq::Children::keep;
  co_await job.remove(children);
  co_return Json();
}

awaitable<Json> children_values(Remote&, Job job, Arguments) {
  const auto values = co_await job.children_values();
  Json out = Json::object();
  for (const auto& [key, value] : values) out[key] = value_of(value);
  co_return out;
}

awaitable<Json> ignored_children_failures(Remote&, Job job, Arguments) {
  const auto failures = co_await job.ignored_children_failures();
  co_return Json(failures);
}

awaitable<Json> dependencies(Remote&, Job job, Arguments args) {
  // Node's pages of one kind, by a cursor.
  const Json options = call_options(args.at(0), {});
  const bullmq::JobDependencies children = co_await job.dependencies();
  Json out = Json::object();
  out["processed"] = Json::object();
  for (const auto& [key, value] : children.processed) out["processed"][key] = value_of(value);
  out["unprocessed"] = children.unprocessed;
  out["failed"] = children.failed;
  out["ignored"] = Json(children.ignored);
  co_return out;
}

awaitable<Json> dependencies_count(Remote&, Job job, Arguments args) {
  const Json options = call_options(args.at(0), {"processed", "unprocessed", "ignored", "failed"});
  const bullmq::JobDependenciesCount count = co_await job.dependencies_count();
  const std::pair<const char*, std::int64_t> all[] = {{"processed", count.processed},
                                                      {"unprocessed", count.unprocessed},
                                                      {"ignored", count.ignored},
                                                      {"failed", count.failed}};
  bool some = false;
  for (const auto& [name, value] : all) some = some || options.value(name, false);
  Json out = Json::object();
  for (const auto& [name, value] : all) {
    if (!some || options.value(name, false)) out[name] = value;
  }
  co_return out;
}

awaitable<Json> move_to_waiting_children(Remote&, Job job, Arguments args) {
  const Json options = call_options(args.at(1), {"child"});
  std::string child;
  if (options.contains("child")) {
    child =
        options["child"].at("queue").get<std::string>() + ":" + options["child"].at("id").get<std::string>();
  }
  const bool moved = co_await job.move_to_waiting_children(args.text(0), std::move(child));
  co_return moved;
}

#define SHUNT_VALUE(NAME, CALL)                                    \
  {NAME, [](Remote&, Job job, Arguments args) -> awaitable<Json> { \
     static_cast<void>(args);                                      \
     auto value = co_await job.CALL;                               \
     co_return value;                                              \
   }}
#define SHUNT_VOID(NAME, CALL)                                     \
  {NAME, [](Remote&, Job job, Arguments args) -> awaitable<Json> { \
     static_cast<void>(args);                                      \
     co_await job.CALL;                                            \
     co_return Json();                                             \
   }}
#define SHUNT_IS(NAME, STATE) \
  {NAME, [](Remote&, Job job, Arguments) -> awaitable<Json> { return is_in(job, JobState::STATE); }}

}  // namespace

const JobCalls& job_calls() {
  static const JobCalls calls{
      {"getState", state},
      SHUNT_IS("isCompleted", completed),
      SHUNT_IS("isFailed", failed),
      SHUNT_IS("isDelayed", delayed),
      SHUNT_IS("isActive", active),
      SHUNT_IS("isWaiting", waiting),
      SHUNT_IS("isWaitingChildren", waiting_children),
      SHUNT_VOID("updateData", update_data(args.json(0, "null"))),
      SHUNT_VOID("updateProgress", update_progress(args.json(0, "null"))),
      SHUNT_VALUE("log", log(args.text(0))),
      SHUNT_VOID("clearLogs", clear_logs(args.get<std::int64_t>(0, 0))),
      {"retry", retry},
      SHUNT_VOID("promote", promote()),
      SHUNT_VOID("changeDelay", change_delay(bullmq::Milliseconds(args.get<std::int64_t>(0, 0)))),
      {"changePriority", change_priority},
      {"remove", remove},
      SHUNT_VALUE("removeDeduplicationKey", remove_deduplication_key()),
      {"waitUntilFinished", wait_until_finished},
      {"extendLock", extend_lock},
      SHUNT_VOID("moveToDelayed", move_to_delayed(args.get<std::int64_t>(0, 0), args.text(1))),
      SHUNT_VALUE("moveToWait", move_to_wait(args.text(0))),
      {"moveToWaitingChildren", move_to_waiting_children},
      {"moveToCompleted", move_to_completed},
      {"moveToFailed", move_to_failed},
      {"getChildrenValues", children_values},
      {"getIgnoredChildrenFailures", ignored_children_failures},
      {"getDependencies", dependencies},
      {"getDependenciesCount", dependencies_count},
      SHUNT_VALUE("removeChildDependency", remove_child_dependency()),
      SHUNT_VOID("removeUnprocessedChildren", remove_unprocessed_children()),
  };
  return calls;
}

}  // namespace remote
