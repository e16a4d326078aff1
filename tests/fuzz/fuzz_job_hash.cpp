// What a job's hash and its options may hold, whoever wrote them. Checks that what is read and written again
// is read as the same.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/error.hpp"
#include "core/job_codec.hpp"
#include "core/job_options_codec.hpp"
#include "core/job_validation.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace bullmq;
using namespace bullmq::detail;
using shunt::fuzz::check;
using shunt::fuzz::may_refuse;

// Options as a user writes them.
void fuzz_options(std::string_view text) {
  JobOptions options;
  try {
    options = job_options_from_json(text);
  } catch (const ValidationError&) {
    return;
  }
  check(job_options_from_json(job_options_to_json(options)) == options);
  check(merge(options, options) == options);
  may_refuse<ValidationError>([&] {
    validate_job("name", "{}", options);
    validate_single_add(options);
  });
}

// Options as a hash has them: the scripts are given what they were.
void fuzz_stored_options(std::string_view text) {
  JobOptions options = stored_job_options(text);
  std::string packed;
  pack_job_options(options, packed);
  const auto value = nlohmann::json::from_msgpack(packed);
  check(value.contains("attempts"));
  const JobOptions again = stored_job_options(value.dump());
  if (!options.attempts) options.attempts = again.attempts;
  check(again == options);
  (void)job_options_to_json(options);
}

Reply reply(std::string text) {
  Reply made;
  made.type = Reply::Type::string;
  made.text = std::move(text);
  return made;
}

// The hash that the record would be stored as, without its options.
std::vector<Reply> hash_of(const JobRecord& job) {
  std::vector<Reply> fields;
  const auto add = [&](const char* name, const std::string& value) {
    fields.push_back(reply(name));
    fields.push_back(reply(value));
  };
  const auto add_if = [&](const char* name, const std::optional<std::string>& value) {
    if (value) add(name, *value);
  };
  add("name", job.name);
  add("data", job.data);
  add("progress", job.progress);
  add("timestamp", std::to_string(job.timestamp));
  add("delay", std::to_string(job.delay.count()));
  add("priority", std::to_string(job.priority));
  add("ats", std::to_string(job.attempts_started));
  add("atm", std::to_string(job.attempts_made));
  add("stc", std::to_string(job.stalled_counter));
  add("processedOn", std::to_string(job.processed_on.value_or(0)));
  add("finishedOn", std::to_string(job.finished_on.value_or(0)));
  add("stacktrace", encode_stacktrace(job.stacktrace));
  add_if("returnvalue", job.return_value);
  add_if("failedReason", job.failed_reason);
  add_if("defa", job.deferred_failure);
  add_if("pb", job.processed_by);
  add_if("rjk", job.repeat_job_key);
  add_if("deid", job.deduplication_id);
  add_if("parentKey", job.parent_key);
  add_if("parent", job.parent);
  return fields;
}

bool is_same(const JobRecord& a, const JobRecord& b) {
  return a.name == b.name && a.data == b.data && a.progress == b.progress && a.timestamp == b.timestamp &&
         a.delay == b.delay && a.priority == b.priority && a.attempts_started == b.attempts_started &&
         a.attempts_made == b.attempts_made && a.stalled_counter == b.stalled_counter &&
         a.processed_on == b.processed_on && a.finished_on == b.finished_on && a.stacktrace == b.stacktrace &&
         a.return_value == b.return_value && a.failed_reason == b.failed_reason &&
         a.deferred_failure == b.deferred_failure && a.processed_by == b.processed_by &&
         a.repeat_job_key == b.repeat_job_key && a.deduplication_id == b.deduplication_id &&
         a.parent_key == b.parent_key && a.parent == b.parent;
}

// Names and values, a line each.
void fuzz_hash(std::string_view text) {
  std::vector<Reply> fields;
  while (!text.empty()) {
    const auto end = text.find('\n');
    fields.push_back(reply(std::string(text.substr(0, end))));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  const JobRecord job = decode_job("7", std::move(fields));
  check(!job.data.empty() && !job.progress.empty());
  check(is_same(decode_job("7", hash_of(job)), job));
}

}  // namespace

// The first byte says what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'o') fuzz_options(text);
  if (data[0] == 's') fuzz_stored_options(text);
  if (data[0] == 'h') fuzz_hash(text);
  return 0;
}
