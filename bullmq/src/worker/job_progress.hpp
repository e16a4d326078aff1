#pragma once

// How far a job in process has come, as a table: what an event makes of it, and what is to be done then.
// Worker:: State carries out what it says (process_job.cpp, end_job.cpp, closing.cpp).
namespace bullmq::detail {

enum class ProcessorPhase {
  not_started,
  at_work,
  ended,
  given_up,  // it may still be at work, but nobody waits for it
};
enum class EndPhase {
  open,
  told,       // Redis is being told, until it has answered
  told_once,  // the worker has closed over it: Redis is told no more than once again
  given_back,
};
struct JobProgress {
  ProcessorPhase processor = ProcessorPhase::not_started;
  EndPhase end = EndPhase::open;
  bool operator==(const JobProgress&) const = default;
};

enum class JobEvent {
  started,
  processor_ended,
  grace_over,   // the processor has not ended in the time that it had after its cancellation
  end_decided,  // Redis is told from now on
  given_back,   // the worker closes, and does not wait any longer
};
enum class JobAction {
  nothing,
  run,          // the processor is called
  take_result,  // of the processor, and go on
  lose_thread,  // the processor keeps the thread that it has
  free_thread,  // a processor that was given up has ended after all
};

struct JobStep {
  JobProgress progress;
  JobAction action = JobAction::nothing;
};
// An event that means nothing changes nothing.
[[nodiscard]] constexpr JobStep next_progress(JobProgress job, JobEvent event) noexcept {
  switch (event) {
    case JobEvent::started:
      if (job.processor != ProcessorPhase::not_started || job.end != EndPhase::open) return {job};
      job.processor = ProcessorPhase::at_work;
      return {job, JobAction::run};
    case JobEvent::processor_ended:
      if (job.processor == ProcessorPhase::at_work) {
        job.processor = ProcessorPhase::ended;
        return {job, JobAction::take_result};
      }
      if (job.processor != ProcessorPhase::given_up) return {job};
      job.processor = ProcessorPhase::ended;
      return {job, JobAction::free_thread};
    case JobEvent::grace_over:
      if (job.processor != ProcessorPhase::at_work) return {job};
      job.processor = ProcessorPhase::given_up;
      return {job, JobAction::lose_thread};
    case JobEvent::end_decided:
      if (job.end == EndPhase::open) job.end = EndPhase::told;
      return {job};
    case JobEvent::given_back:
      if (job.end == EndPhase::told) job.end = EndPhase::told_once;
      if (job.end == EndPhase::open) job.end = EndPhase::given_back;
      if (job.processor != ProcessorPhase::at_work) return {job};
      job.processor = ProcessorPhase::given_up;
      return {job, JobAction::lose_thread};
  }
  return {job};
}

// Redis is being told of its end: a lock that cannot be renewed any more may have been released by that.
[[nodiscard]] constexpr bool is_being_told(const JobProgress& job) noexcept {
  return job.end == EndPhase::told || job.end == EndPhase::told_once;
}
// Nobody is interested any more in whether Redis hears of its end.
[[nodiscard]] constexpr bool is_let_go(const JobProgress& job) noexcept {
  return job.end == EndPhase::told_once || job.end == EndPhase::given_back;
}

}  // namespace bullmq::detail
