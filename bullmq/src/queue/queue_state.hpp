#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/queue_backend.hpp"
#include "bullmq/queue.hpp"

namespace bullmq {

struct [[gnu::visibility("hidden")]] Queue::State {
  QueueOptions options;
  std::shared_ptr<detail::QueueBackend> backend;
  Signal<const std::exception&> on_error;
  bool shares_connection = false;

  // A job of which nothing but the id is known.
  [[nodiscard]] Job handle(std::string job_id) const {
    JobRecord record;
    record.id = std::move(job_id);
    return backend->make_job(std::move(record));
  }
};

namespace detail {

// Upstream's order of states when all are asked for.
[[nodiscard]] const JobStates& all_states();

// The list or set that holds the jobs of a state.
[[nodiscard]] inline std::string_view key_name_of(JobState state) {
  return state == JobState::waiting ? "wait" : name_of(state);
}

}  // namespace detail
}  // namespace bullmq
