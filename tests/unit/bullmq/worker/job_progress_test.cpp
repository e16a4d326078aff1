#include "worker/job_progress.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bullmq::detail {
namespace {

using Processor = ProcessorPhase;
using End = EndPhase;
using Event = JobEvent;
using Action = JobAction;

struct Case {
  const char* name;
  std::vector<Event> events;
  JobProgress progress;
  // Of the last event.
  Action action;
};

TEST(JobProgress, FollowsEveryOrderOfEvents) {
  const Case cases[] = {
      {"the usual",
       {Event::started, Event::processor_ended, Event::end_decided},
       {Processor::ended, End::told},
       Action::nothing},
      {"the result is taken once",
       {Event::started, Event::processor_ended},
       {Processor::ended, End::open},
       Action::take_result},
      {"it does not end in its grace",
       {Event::started, Event::grace_over},
       {Processor::given_up, End::open},
       Action::lose_thread},
      {"it ends after that",
       {Event::started, Event::grace_over, Event::processor_ended},
       {Processor::ended, End::open},
       Action::free_thread},
      {"and its thread is freed once",
       {Event::started, Event::grace_over, Event::processor_ended, Event::processor_ended},
       {Processor::ended, End::open},
       Action::nothing},
      {"it ended in its grace, and no thread is lost",
       {Event::started, Event::processor_ended, Event::grace_over},
       {Processor::ended, End::open},
       Action::nothing},
      {"the worker closes over it",
       {Event::started, Event::given_back},
       {Processor::given_up, End::given_back},
       Action::lose_thread},
      {"what it returns then frees the thread and is nobody's",
       {Event::started, Event::given_back, Event::processor_ended},
       {Processor::ended, End::given_back},
       Action::free_thread},
      {"its grace is over after that",
       {Event::started, Event::given_back, Event::grace_over},
       {Processor::given_up, End::given_back},
       Action::nothing},
      {"the worker closes before it starts",
       {Event::given_back, Event::started},
       {Processor::not_started, End::given_back},
       Action::nothing},
      {"the worker closes while Redis is told",
       {Event::started, Event::processor_ended, Event::end_decided, Event::given_back},
       {Processor::ended, End::told_once},
       Action::nothing},
      {"the worker closes while Redis is told of a job that never ran, and no thread is lost",
       {Event::end_decided, Event::given_back},
       {Processor::not_started, End::told_once},
       Action::nothing},
      {"given up, told, and then the worker closes",
       {Event::started, Event::grace_over, Event::end_decided, Event::given_back},
       {Processor::given_up, End::told_once},
       Action::nothing},
      {"a job that was given back is not told",
       {Event::started, Event::given_back, Event::end_decided},
       {Processor::given_up, End::given_back},
       Action::nothing},
      {"it starts once", {Event::started, Event::started}, {Processor::at_work, End::open}, Action::nothing},
  };
  for (const Case& c : cases) {
    JobStep step;
    for (const Event event : c.events) step = next_progress(step.progress, event);
    EXPECT_EQ(step.progress, c.progress) << c.name;
    EXPECT_EQ(step.action, c.action) << c.name;
  }
}

// All orders of five events: threads that are lost come back at most once, and results are taken at most
// once.
TEST(JobProgress, BalancesThreadsAndResultsInEveryOrder) {
  constexpr Event kEvents[] = {Event::started, Event::processor_ended, Event::grace_over, Event::end_decided,
                               Event::given_back};
  for (int code = 0; code < 5 * 5 * 5 * 5 * 5; ++code) {
    JobProgress job;
    int lost = 0;
    int results = 0;
    int runs = 0;
    int rest = code;
    for (int i = 0; i < 5; ++i, rest /= 5) {
      const JobStep step = next_progress(job, kEvents[rest % 5]);
      job = step.progress;
      lost += step.action == Action::lose_thread ? 1 : step.action == Action::free_thread ? -1 : 0;
      results += step.action == Action::take_result ? 1 : 0;
      runs += step.action == Action::run ? 1 : 0;
      EXPECT_EQ(lost, job.processor == Processor::given_up ? 1 : 0) << code;
    }
    EXPECT_LE(results, 1) << code;
    EXPECT_LE(runs, 1) << code;
  }
}

TEST(JobProgress, KnowsWhenTheLockMayHaveBeenReleasedByTheEnd) {
  EXPECT_FALSE(is_being_told({Processor::at_work, End::open}));
  EXPECT_TRUE(is_being_told({Processor::ended, End::told}));
  EXPECT_TRUE(is_being_told({Processor::ended, End::told_once}));
  EXPECT_FALSE(is_being_told({Processor::given_up, End::given_back}));
  EXPECT_FALSE(is_let_go({Processor::ended, End::told}));
  EXPECT_TRUE(is_let_go({Processor::ended, End::told_once}));
  EXPECT_TRUE(is_let_go({Processor::given_up, End::given_back}));
}

}  // namespace
}  // namespace bullmq::detail
