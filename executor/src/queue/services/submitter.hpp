#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/queue.hpp"
#include "bullmq/signal.hpp"
#include "queue/runtime/async_condition.hpp"
#include "queue/services/end_writer.hpp"
#include "queue/services/health_probe.hpp"
#include "queue/services/queue_context.hpp"
#include "queue/services/queue_status.hpp"
#include "queue/services/replica_follower.hpp"
#include "request_sealing.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Admits generations and adds their jobs, both within QueueOptions::enqueue_deadline; where it is not known
// by then whether a job came there, that is looked into for as long again. On the loop's thread but for what
// says otherwise.
class Submitter {
 public:
  Submitter(QueueContext& context, QueueStatus& status, HealthProbe& probe, Replicas& replicas,
            ReplicaFollower& follower, EndWriter& ends);
  void start();
  void stop();

  // Behind a pointer, because it is large and goes from one coroutine to the next. Its text goes to the
  // queue.
  using Submission = std::shared_ptr<SealedRequest>;
  // `asked_at`: when the caller did.
  bullmq::awaitable<SubmitOutcome> submit(Submission sealed, SteadyTime asked_at);
  // Refuses what is not even tried. Any thread.
  [[nodiscard]] SubmitOutcome refuse_early(std::string_view model, SteadyTime asked_at, Error error,
                                           std::optional<std::chrono::milliseconds> retry_after = {}) const;

 private:
  // What became of an add, and why it did not succeed.
  enum class Added { kYes, kRefused, kUnknown };
  struct AddOutcome {
    Added added = Added::kRefused;
    std::string why;
  };

  // How long the add took is written to `enqueue`, which lives until they return.
  bullmq::awaitable<SubmitOutcome> decide(Submission sealed, std::chrono::nanoseconds& enqueue);
  bullmq::awaitable<SubmitOutcome> decide_within(Submission sealed, SteadyTime until,
                                                 std::chrono::nanoseconds& enqueue);
  bullmq::awaitable<Result<AdmitAnswer>> admit(Submission sealed);
  [[nodiscard]] SubmitOutcome refusal_of(const Model& model, const AdmitAnswer& answer) const;
  bullmq::awaitable<SubmitOutcome> enqueue(Submission sealed, std::shared_ptr<Generation> generation,
                                           SteadyTime until);
  bullmq::awaitable<SubmitOutcome> enqueue_for_holder(Submission sealed, GenerationId holder,
                                                      SteadyTime until);
  // What became of an add whose answer was lost, once Redis answers again; or, where its job is not there,
  // sees to it that it never runs.
  bullmq::awaitable<AddOutcome> settle(std::string model, std::string id, std::string why);
  bullmq::awaitable<AddOutcome> add(std::string model, bullmq::JobOptions job, std::string text,
                                    SteadyTime until);
  [[nodiscard]] bullmq::Queue& queue_of(const std::string& model);
  bullmq::awaitable<void> undo_admission(std::string id, std::string claim);
  void report(std::string_view model, const SubmitOutcome& outcome, SteadyTime asked_at,
              std::chrono::nanoseconds enqueue) const;

  QueueContext& context_;
  QueueStatus& status_;
  HealthProbe& probe_;
  Replicas& replicas_;
  ReplicaFollower& follower_;
  EndWriter& ends_;
  std::map<std::string, bullmq::Queue, std::less<>> queues_;
  AsyncCondition connection_changed_;
  AsyncCondition submit_ended_;
  bool was_connected_ = false;
  bool stopped_ = false;
  std::vector<bullmq::Subscription> subscriptions_;
};

}  // namespace shunt::executor
