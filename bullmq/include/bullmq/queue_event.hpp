#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bullmq/connection_options.hpp"
#include "bullmq/job_options.hpp"

namespace bullmq {

// An entry of the queue's event stream: what happened to a job, told by the scripts ("completed", "progress",
// ...), or a custom event. The names and fields are those of the wire.
struct QueueEvent {
  // The id of the stream's entry.
  std::string id{};
  std::string name{};
  // In the order of the wire, without the name.
  std::vector<std::pair<std::string, std::string>> fields{};

  // Empty when there is none; of several with this name, the last one.
  [[nodiscard]] std::string_view field(std::string_view field_name) const noexcept;
  [[nodiscard]] std::string_view job_id() const noexcept { return field("jobId"); }
};

// Where to read events, and from which on.
struct QueueEventsOptions {
  ConnectionOptions connection{};
  std::string prefix = "bull";
  // Read on after this entry; empty: only what happens from now on.
  std::string last_event_id{};
  // How long one read waits.
  Milliseconds blocking_timeout{10'000};
};

// Where custom events go.
struct QueueEventsProducerOptions {
  ConnectionOptions connection{};
  std::string prefix = "bull";
};

}  // namespace bullmq
