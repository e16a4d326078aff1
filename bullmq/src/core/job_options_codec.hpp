#pragma once

#include <string>
#include <string_view>

#include "bullmq/job_options.hpp"

namespace bullmq::detail {

// Options as a job's hash has them, written by whatever client: what makes no sense is kept in `extra`, never
// refused.
[[nodiscard]] JobOptions stored_job_options(std::string_view json);

// Reads stored options, and remembers the last: most jobs of a queue have the same ones but for the job's id,
// and parsing them costs more than the rest of a job's hash.
class StoredJobOptions {
 public:
  // `id` is the job's. What is returned is good until the next call.
  [[nodiscard]] const JobOptions& read(std::string_view json, std::string_view id);

 private:
  void remember(std::string_view json, std::string_view id);

  // The JSON around the id, and behind it; all of it if it has no id.
  std::string before_;
  std::string after_;
  bool has_id_ = false;
  JobOptions options_;
};

// Appends the options as the add scripts take them: a MessagePack map with the stored names. `attempts` is
// always in it, as with every other client; the scripts compare it.
void pack_job_options(const JobOptions& options, std::string& out);

// Whether jobs with these options have the same ones stored, but for their ids.
[[nodiscard]] bool are_same_but_for_id(const JobOptions& a, const JobOptions& b);
// The text that the add scripts make of those packed options and store.
[[nodiscard]] std::string stored_options_json(const JobOptions& options);

// The parent of a job as its hash has it: {id, queueKey, fpof?, ...}. The options have one.
[[nodiscard]] std::string parent_json(const JobOptions& options);

// Appends the retention as the finish script takes it.
void pack_keep_jobs(const KeepJobs& keep, std::string& out);

}  // namespace bullmq::detail
