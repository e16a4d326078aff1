#include "job_json.hpp"

#include "bullmq/error.hpp"
#include "remote.hpp"

namespace remote {

Json value_of(std::string_view text) {
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json() : value;
}

Json encode_job(const bullmq::Job& job) {
  const bullmq::JobRecord& record = job.record();
  Json out = Json::object();
  if (!record.id.empty()) out["id"] = record.id;
  out["name"] = record.name;
  if (const Json data = value_of(record.data); !data.is_null()) out["data"] = data;
  Json options = Json::object();
  options["attempts"] = 0;
  options.update(value_of(bullmq::job_options_to_json(record.options)));
  options.erase("repeatJobKey");  // is a field of the job itself
  out["opts"] = options;
  out["progress"] = value_of(record.progress);
  out["attemptsMade"] = record.attempts_made;
  out["attemptsStarted"] = record.attempts_started;
  out["timestamp"] = record.timestamp;
  out["delay"] = record.delay.count();
  out["priority"] = record.priority;
  if (record.processed_on) out["processedOn"] = *record.processed_on;
  if (record.finished_on) out["finishedOn"] = *record.finished_on;
  if (record.return_value && !value_of(*record.return_value).is_null())
    out["returnvalue"] = value_of(*record.return_value);
  if (record.failed_reason) out["failedReason"] = *record.failed_reason;
  if (!record.stacktrace.empty() || record.processed_on) out["stacktrace"] = record.stacktrace;
  if (record.parent) out["parent"] = value_of(*record.parent);
  if (record.parent_key) out["parentKey"] = *record.parent_key;
  if (record.repeat_job_key) out["repeatJobKey"] = *record.repeat_job_key;
  if (record.deduplication_id) out["deduplicationId"] = *record.deduplication_id;
  if (record.processed_by) out["processedBy"] = *record.processed_by;
  out["stalledCounter"] = record.stalled_counter;
  out["queueName"] = job.queue_name();
  if (!job.token().empty()) out["token"] = job.token();
  return {{"$job", out}};
}

Json encode_error(std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const NotSupported& error) {
    return {{"name", "NotSupported"}, {"message", error.what()}};
  } catch (const bullmq::JobError& error) {
    return {
        {"name", error.code() == bullmq::ErrorCode::job_has_failed_children ? "UnrecoverableError" : "Error"},
        {"message", error.what()},
        {"code", static_cast<int>(error.code())}};
  } catch (const bullmq::RedisError& error) {
    return {{"name", "ReplyError"}, {"message", error.what()}};
  } catch (const bullmq::ProcessorError& error) {
    return {{"name", error.name()}, {"message", error.what()}};
  } catch (const std::exception& error) {
    return {{"name", "Error"}, {"message", error.what()}};
  }
}

Json encode_failure(const bullmq::JobFailure& failure) {
  return {{"$error", {{"name", failure.name}, {"message", failure.message}}}};
}

std::exception_ptr decode_rejection(const Json& rejection) {
  const std::string name = rejection.value("name", "Error");
  const std::string message = rejection.value("message", "");
  const std::string stack = rejection.value("stack", "");
  return std::make_exception_ptr(bullmq::ProcessorError(name, message, stack));
}

}  // namespace remote
