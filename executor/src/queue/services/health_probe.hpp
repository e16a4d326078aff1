#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/signal.hpp"
#include "queue/services/queue_context.hpp"
#include "queue/services/queue_status.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// Looks every two seconds whether Redis takes writes and how the models stand, every second while it does not
// take them, and at once on doubt; and now and then what kind of server it is and whether workers without a
// lease serve a model. All of it goes into the status. One thread: the loop's.
class HealthProbe {
 public:
  HealthProbe(QueueContext& context, QueueStatus& status) : context_(context), status_(status) {}
  void start();
  void stop();

  // Redis has not done what it was asked for: it is looked at now, not in two seconds. Cheap.
  void doubt();

  // Whether no worker runs the model, as far as is known.
  [[nodiscard]] bool is_unserved(std::string_view model) const { return unserved_.contains(model); }
  // Workers of the model that know only BullMQ, as far as they have been looked for.
  [[nodiscard]] std::size_t plain_workers_of(const std::string& model) const;

 private:
  void follow_connection();
  bullmq::awaitable<void> probe();
  bullmq::awaitable<void> learn_server();
  bullmq::awaitable<void> look_for_plain_workers();
  void note_unserved(const std::vector<ModelDescription>& seen);

  QueueContext& context_;
  QueueStatus& status_;
  std::map<std::string, std::size_t, std::less<>> plain_workers_;  // of models without a lease
  std::size_t plain_look_ = 0;
  std::set<std::string, std::less<>> unserved_;
  std::map<std::string, SteadyTime> unserved_logged_;
  std::vector<bullmq::Subscription> subscriptions_;
  SteadyTime next_probe_ = SteadyTime::min();
  PeriodicDuty probing_;
  PeriodicDuty learning_;
  PeriodicDuty looking_;
};

}  // namespace shunt::executor
