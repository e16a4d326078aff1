#include "fleet/end_counts.hpp"

#include "shunt/flip/bucket.hpp"
#include "shunt/flip/decision.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::flip {

void EndCounts::begin_epoch(std::uint64_t epoch, Weight weight) {
  const std::lock_guard lock(mutex_);
  // A merge may come to an epoch that was acted on before with another weight.
  Epoch& there = epochs_[epoch];
  if (there.weight != weight) there = Epoch{.weight = weight, .counts = {}};
  while (epochs_.size() > kMostEpochs) {
    const auto oldest = epochs_.begin()->first == epoch ? std::next(epochs_.begin()) : epochs_.begin();
    epochs_.erase(oldest);
  }
}

void EndCounts::submitted(const Submitted& request) {
  if (request.outcome != Submitted::Outcome::kAccepted) return;
  const std::lock_guard lock(mutex_);
  ++admitted_;
}

void EndCounts::ended(const Ended& end) {
  if (end.admission.epoch == 0) return;
  const EndJudgement judgement = judge_end(to_string(end.state), end.error_code);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      end.waited + end.ran + end.hand_back.value_or(std::chrono::nanoseconds(0)));
  const std::lock_guard lock(mutex_);
  const auto found = epochs_.find(end.admission.epoch);
  if (found == epochs_.end()) return;
  ProcessCounts& counts = found->second.counts;
  ++counts.ended;
  const bool queued = end.admission.executor == executor_name(ExecutorKind::kQueue);
  if (queued) ++counts.queued;
  if (queued && error_code::kWorkerLost == end.error_code) ++counts.lost;
  if (end.admission.reason != reason_name(Reason::kSplit) || !end.admission.bucket) return;
  const Side side = side_of(*end.admission.bucket, found->second.weight);
  if (side == Side::kNone) return;
  if (judgement == EndJudgement::kNotJudged) {
    ++(side == Side::kCanary ? counts.not_judged_canary : counts.not_judged_control);
    return;
  }
  SideFigures& figures = side == Side::kCanary ? counts.canary : counts.control;
  ++figures.jobs;
  if (judgement == EndJudgement::kError) ++figures.errors;
  figures.total.add(LatencyHistogram::bucket_of(took));
}

void EndCounts::registry(Registry what) {
  if (what != Registry::kDouble) return;
  const std::lock_guard lock(mutex_);
  if (!epochs_.empty()) ++epochs_.rbegin()->second.counts.doubles;
}

ProcessCounts EndCounts::of(std::uint64_t epoch) const {
  const std::lock_guard lock(mutex_);
  const auto found = epochs_.find(epoch);
  ProcessCounts counts = found == epochs_.end() ? ProcessCounts{} : found->second.counts;
  counts.admitted = admitted_;
  return counts;
}

}  // namespace shunt::flip
