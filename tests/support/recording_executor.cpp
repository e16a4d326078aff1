#include "support/recording_executor.hpp"

#include <utility>

namespace shunt::testing {

using namespace executor;

std::vector<GenerationRequest> RecordingExecutor::submitted() const {
  const std::lock_guard lock(mutex_);
  return submitted_;
}

std::vector<GenerationId> RecordingExecutor::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

void RecordingExecutor::submit(GenerationRequest request, std::function<void(SubmitOutcome)> done) {
  SubmitOutcome outcome = Refused{{"not_set_up", "this RecordingExecutor was not told what to answer"}, {}};
  if (on_submit) outcome = on_submit(request);
  {
    const std::lock_guard lock(mutex_);
    submitted_.push_back(std::move(request));
  }
  done(std::move(outcome));
}

void RecordingExecutor::find(const GenerationId& id, std::function<void(Result<FindOutcome>)> done) {
  done(on_find ? on_find(id) : Result<FindOutcome>(FindOutcome(GenerationUnknown{})));
}

void RecordingExecutor::list(const ListQuery& query, std::function<void(Result<RecordPage>)> done) {
  done(on_list ? on_list(query) : Result<RecordPage>(RecordPage{}));
}

void RecordingExecutor::cancel(const GenerationId& id, std::string,
                               std::function<void(Result<CancelOutcome>)> done) {
  {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(id);
  }
  find(id, std::move(done));
}

void RecordingExecutor::watch(const GenerationId&, const WatchOptions&,
                              std::function<void(Result<WatchOutcome>)> done) {
  done(WatchOutcome(GenerationUnknown{}));
}

void RecordingExecutor::load(const Artifact& artifact,
                             std::function<void(Result<std::shared_ptr<const std::string>>)> done) {
  done(artifact.contents());
}

void RecordingExecutor::read(const Artifact& artifact, std::size_t offset, std::size_t length,
                             std::function<void(Result<std::shared_ptr<const std::string>>)> done) {
  done(artifact.part(offset, length));
}

void RecordingExecutor::request_of(const GenerationId& id, std::function<void(Result<RequestOutcome>)> done) {
  done(on_request_of ? on_request_of(id) : Result<RequestOutcome>(RequestOutcome(GenerationUnknown{})));
}

void RecordingExecutor::was_of(const GenerationId& id, std::string, std::function<void(Result<bool>)> done) {
  done(on_was_of ? on_was_of(id) : Result<bool>(false));
}

void RecordingExecutor::remove(const GenerationId& id, std::function<void(Result<RemoveOutcome>)> done) {
  done(on_remove ? on_remove(id) : Result<RemoveOutcome>(RemoveOutcome(GenerationUnknown{})));
}

void RecordingExecutor::fleet(std::function<void(Result<Fleet>)> done) {
  done(Fleet{{}, describe().models, leased});
}

void RecordingExecutor::drain(std::chrono::milliseconds, std::function<void(DrainReport)> done) {
  done(DrainReport{});
}

ExecutorDescription RecordingExecutor::describe() const {
  if (on_describe) return on_describe();
  return {.name = "recording", .mode = "test", .reason = {}};
}

}  // namespace shunt::testing
