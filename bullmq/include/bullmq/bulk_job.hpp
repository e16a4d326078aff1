#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "bullmq/job_options.hpp"
#include "bullmq/json_text.hpp"

namespace bullmq {

// One of many jobs that are added together.
struct BulkJob {
  BulkJob() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): {"name"} is one in a list of jobs.
  BulkJob(std::string job_name) : name(std::move(job_name)) {}
  // `json` is JSON text; it is checked when the job is added.
  BulkJob(std::string job_name, std::string json, JobOptions job_options = JobOptions())
      : name(std::move(job_name)), data(std::move(json)), options(std::move(job_options)) {}
  BulkJob(std::string job_name, JsonText json, JobOptions job_options = JobOptions())
      : name(std::move(job_name)), data(std::move(json)), options(std::move(job_options)) {}
  // Any type with a conversion to JSON (json_text.hpp).
  template <detail::DataValue Data>
  BulkJob(std::string job_name, const Data& value, JobOptions job_options = JobOptions())
      : name(std::move(job_name)), data(to_json_text(value)), options(std::move(job_options)) {}

  std::string name;
  std::string data = "{}";
  JobOptions options;
};

// Up to eight jobs in braces, {{"a", mail}, {"b", other}}, or any number in a vector. (A list in braces is
// not a std::initializer_list here, which g++ 12 cannot make inside a co_await expression.)
class BulkJobs {
 public:
  BulkJobs() = default;
  // A template, so that braces never mean a vector.
  template <std::same_as<std::vector<BulkJob>> Jobs>
  // NOLINTNEXTLINE(google-explicit-constructor): a vector is written where jobs are wanted.
  BulkJobs(Jobs jobs) : jobs_(std::move(jobs)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): a list is written where jobs are wanted.
  BulkJobs(BulkJob a) { take(a); }
  BulkJobs(BulkJob a, BulkJob b) { take(a, b); }
  BulkJobs(BulkJob a, BulkJob b, BulkJob c) { take(a, b, c); }
  BulkJobs(BulkJob a, BulkJob b, BulkJob c, BulkJob d) { take(a, b, c, d); }
  BulkJobs(BulkJob a, BulkJob b, BulkJob c, BulkJob d, BulkJob e) { take(a, b, c, d, e); }
  BulkJobs(BulkJob a, BulkJob b, BulkJob c, BulkJob d, BulkJob e, BulkJob f) { take(a, b, c, d, e, f); }
  BulkJobs(BulkJob a, BulkJob b, BulkJob c, BulkJob d, BulkJob e, BulkJob f, BulkJob g) {
    take(a, b, c, d, e, f, g);
  }
  BulkJobs(BulkJob a, BulkJob b, BulkJob c, BulkJob d, BulkJob e, BulkJob f, BulkJob g, BulkJob h) {
    take(a, b, c, d, e, f, g, h);
  }

  [[nodiscard]] std::vector<BulkJob> take_all() && noexcept { return std::move(jobs_); }
  [[nodiscard]] std::size_t size() const noexcept { return jobs_.size(); }

 private:
  template <typename... Jobs>
  void take(Jobs&... jobs) {
    jobs_.reserve(sizeof...(jobs));
    (jobs_.push_back(std::move(jobs)), ...);
  }
  std::vector<BulkJob> jobs_;
};

}  // namespace bullmq
