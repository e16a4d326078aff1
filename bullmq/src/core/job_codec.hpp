#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/job_record.hpp"
#include "core/job_options_codec.hpp"
#include "redis/reply.hpp"

namespace bullmq::detail {

[[nodiscard]] std::optional<JobState> known_job_state(std::string_view name) noexcept;

// A job from its hash, as HGETALL tells it: names and values in turn. Fields that are missing or make no
// sense have their defaults; a hash is never refused. With `known`, options that it has read before are not
// parsed again.
[[nodiscard]] JobRecord decode_job(std::string id, std::vector<Reply> fields,
                                   StoredJobOptions* known = nullptr);

// What a script that fetches tells: a job, or when to come again.
struct NextJob {
  // There is no job where it has no id.
  JobRecord record;
  bool has_job = false;
  // For how long the queue is rate limited, in ms.
  std::int64_t rate_limit_ms = 0;
  // When the next delayed job is due; 0: there is none.
  double delay_until = 0;
  // What went wrong in Redis beside this, with another job; empty: nothing.
  std::string trouble;
};
// The scripts answer {job hash or 0, id or 0, limit, next delayed}, or 0 when nothing was asked for. Throws
// UnexpectedReplyError for anything else.
[[nodiscard]] NextJob decode_next_job(Reply reply, StoredJobOptions* known = nullptr);

// The plain text or JSON array of stack traces.
[[nodiscard]] std::vector<std::string> decode_stacktrace(const std::string& json);
[[nodiscard]] std::string encode_stacktrace(const std::vector<std::string>& traces);

}  // namespace bullmq::detail
