#include "drivers/command/kept/program_life.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "support/namespace.hpp"

// What each event of a kept program's life leads to, in each state.
namespace shunt::testing {
namespace {

using generation::command::ProgramLife;
using std::chrono::milliseconds;
using Ending = ProgramLife::Ending;
using RunEnd = ProgramLife::RunEnd;
using Signal = ProgramLife::Signal;
using State = ProgramLife::State;
using Step = ProgramLife::Step;

constexpr milliseconds kReady{1000};
constexpr milliseconds kGrace{200};
constexpr milliseconds kKill{300};
constexpr milliseconds kOff{0};

using Event = std::function<Step(ProgramLife&)>;
const Event kBegin = [](ProgramLife& life) { return life.begin(); };
const Event kSpawnFailed = [](ProgramLife& life) { return life.spawn_failed(); };
const Event kSaysReady = [](ProgramLife& life) { return life.ready(); };
const Event kGiven = [](ProgramLife& life) { return life.given(); };
const Event kAnswers = [](ProgramLife& life) { return life.answered(false); };
const Event kAnswersTooLarge = [](ProgramLife& life) { return life.answered(true); };
const Event kCancelled = [](ProgramLife& life) { return life.cancelled(); };
const Event kWithheld = [](ProgramLife& life) { return life.withheld(); };
const Event kBroken = [](ProgramLife& life) { return life.broken(); };
const Event kExits = [](ProgramLife& life) { return life.exited(); };
const Event kTimer = [](ProgramLife& life) { return life.timer_fired(); };
const Event kClose = [](ProgramLife& life) { return life.close(); };

const std::vector<Event> kToReady{kBegin, kSaysReady};
const std::vector<Event> kToRunning{kBegin, kSaysReady, kGiven};
const std::vector<Event> kToCancelling{kBegin, kSaysReady, kGiven, kCancelled};

struct Row {
  const char* what;
  std::vector<Event> before;
  Event event;
  State becomes;
  Step step;
};

std::vector<Event> after(std::vector<Event> first, const std::vector<Event>& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

std::vector<Row> rows() {
  const Step kNothing{};
  return {
      {"begins", {}, kBegin, State::kStarting, {.timer = kReady, .spawns = true}},
      {"begins once", {kBegin}, kBegin, State::kStarting, kNothing},
      {"cannot be started",
       {kBegin},
       kSpawnFailed,
       State::kBackingOff,
       {.ended = Ending::kNotStarted, .timer = milliseconds(100)}},
      {"is ready", {kBegin}, kSaysReady, State::kReady, {.timer = kOff, .offers = true}},
      {"is never ready",
       {kBegin},
       kTimer,
       State::kStopping,
       {.closes_input = true, .signal = Signal::kTerminate, .timer = kKill}},
      {"is never ready and does not end",
       {kBegin, kTimer},
       kTimer,
       State::kStopping,
       {.signal = Signal::kKill}},
      {"was never ready",
       {kBegin, kTimer},
       kExits,
       State::kBackingOff,
       {.ended = Ending::kNeverReady, .timer = milliseconds(100)}},
      {"says ready while it ends", {kBegin, kTimer}, kBroken, State::kStopping, kNothing},
      {"ends before it is ready",
       {kBegin},
       kExits,
       State::kBackingOff,
       {.ended = Ending::kExited, .timer = milliseconds(100)}},
      {"speaks nonsense before it is ready",
       {kBegin},
       kBroken,
       State::kStopping,
       {.closes_input = true, .signal = Signal::kKill, .timer = kOff}},
      {"is started again", {kBegin, kExits}, kTimer, State::kStarting, {.timer = kReady, .spawns = true}},
      {"waits longer each time",
       {kBegin, kExits, kTimer, kExits, kTimer},
       kExits,
       State::kBackingOff,
       {.ended = Ending::kExited, .timer = milliseconds(200)}},

      {"gets a run", kToReady, kGiven, State::kRunning, {.writes_run = true}},
      {"does not get its run after all",
       kToRunning,
       kWithheld,
       State::kReady,
       {.ends_run = RunEnd::kWithheld, .timer = kOff, .offers = true}},
      {"has no run to withhold", kToReady, kWithheld, State::kReady, kNothing},
      {"ends between runs",
       kToReady,
       kExits,
       State::kBackingOff,
       {.withdraws = true, .ended = Ending::kExited, .timer = milliseconds(1)}},
      {"speaks nonsense between runs",
       kToReady,
       kBroken,
       State::kStopping,
       {.withdraws = true, .closes_input = true, .signal = Signal::kKill, .timer = kOff}},
      {"says ready twice",
       kToReady,
       kSaysReady,
       State::kStopping,
       {.withdraws = true, .closes_input = true, .signal = Signal::kKill, .timer = kOff}},
      {"is closed between runs",
       kToReady,
       kClose,
       State::kStopping,
       {.withdraws = true, .closes_input = true, .timer = kGrace}},
      {"does not end with its input",
       after(kToReady, {kClose}),
       kTimer,
       State::kStopping,
       {.signal = Signal::kTerminate, .timer = kKill}},
      {"does not end with SIGTERM",
       after(kToReady, {kClose, kTimer}),
       kTimer,
       State::kStopping,
       {.signal = Signal::kKill}},
      {"has ended for good",
       after(kToReady, {kClose}),
       kExits,
       State::kEnded,
       {.ended = Ending::kClosed, .timer = kOff}},
      {"begins no more", after(kToReady, {kClose, kExits}), kBegin, State::kEnded, kNothing},

      {"answers",
       kToRunning,
       kAnswers,
       State::kReady,
       {.ends_run = RunEnd::kAnswered, .timer = kOff, .offers = true}},
      {"ends in a run",
       kToRunning,
       kExits,
       State::kBackingOff,
       {.ends_run = RunEnd::kExited, .ended = Ending::kExited, .timer = milliseconds(1)}},
      {"speaks nonsense in a run",
       kToRunning,
       kBroken,
       State::kStopping,
       {.ends_run = RunEnd::kBroken, .closes_input = true, .signal = Signal::kKill, .timer = kOff}},
      {"is told to let go",
       kToRunning,
       kCancelled,
       State::kCancelling,
       {.writes_cancel = true, .timer = kGrace}},
      {"is closed in a run",
       kToRunning,
       kClose,
       State::kStopping,
       {.ends_run = RunEnd::kStopped, .closes_input = true, .signal = Signal::kTerminate, .timer = kKill}},
      {"has grown too large",
       kToRunning,
       kAnswersTooLarge,
       State::kStopping,
       {.ends_run = RunEnd::kAnswered, .closes_input = true, .timer = kGrace}},
      {"was too large",
       after(kToRunning, {kAnswersTooLarge}),
       kExits,
       State::kStarting,
       {.ended = Ending::kRecycled, .timer = kReady, .spawns = true}},
      {"has had its runs",
       after(kToRunning, {kAnswers, kGiven, kAnswers, kGiven}),
       kAnswers,
       State::kStopping,
       {.ends_run = RunEnd::kAnswered, .closes_input = true, .timer = kGrace}},

      {"lets go",
       kToCancelling,
       kAnswers,
       State::kReady,
       {.ends_run = RunEnd::kStopped, .timer = kOff, .offers = true}},
      {"is told once", kToCancelling, kCancelled, State::kCancelling, kNothing},
      {"lets go by ending",
       kToCancelling,
       kExits,
       State::kStarting,
       {.ends_run = RunEnd::kStopped, .ended = Ending::kUnanswered, .timer = kReady, .spawns = true}},
      {"speaks nonsense while it lets go",
       kToCancelling,
       kBroken,
       State::kStopping,
       {.ends_run = RunEnd::kStopped, .closes_input = true, .signal = Signal::kKill, .timer = kOff}},
      {"does not let go",
       kToCancelling,
       kTimer,
       State::kStopping,
       {.closes_input = true, .signal = Signal::kTerminate, .timer = kKill}},
      {"keeps its run until it has ended",
       after(kToCancelling, {kTimer}),
       kExits,
       State::kStarting,
       {.ends_run = RunEnd::kStopped, .ended = Ending::kUnanswered, .timer = kReady, .spawns = true}},
      {"answers too late", after(kToCancelling, {kTimer}), kAnswers, State::kStopping, kNothing},

      {"is closed while it waits to be started",
       {kBegin, kExits},
       kClose,
       State::kEnded,
       {.ended = Ending::kClosed, .timer = kOff}},
      {"is closed while it starts",
       {kBegin},
       kClose,
       State::kStopping,
       {.closes_input = true, .signal = Signal::kTerminate, .timer = kKill}},
      {"is closed before it has begun", {}, kClose, State::kEnded, kNothing},
  };
}

class ProgramLifeRow : public ::testing::TestWithParam<std::size_t> {};

TEST_P(ProgramLifeRow, LeadsToItsStep) {
  const Row row = rows().at(GetParam());
  SCOPED_TRACE(row.what);
  ProgramLife life(
      {.ready_timeout = kReady, .cancel_grace = kGrace, .kill_after = kKill, .recycle_after = 3});
  for (const Event& event : row.before) (void)event(life);
  const Step step = row.event(life);
  EXPECT_EQ(life.state(), row.becomes);
  EXPECT_EQ(step.withdraws, row.step.withdraws);
  EXPECT_EQ(step.ends_run, row.step.ends_run);
  EXPECT_EQ(step.writes_run, row.step.writes_run);
  EXPECT_EQ(step.writes_cancel, row.step.writes_cancel);
  EXPECT_EQ(step.closes_input, row.step.closes_input);
  EXPECT_EQ(step.signal, row.step.signal);
  EXPECT_EQ(step.ended, row.step.ended);
  EXPECT_EQ(step.timer, row.step.timer);
  EXPECT_EQ(step.spawns, row.step.spawns);
  EXPECT_EQ(step.offers, row.step.offers);
}
INSTANTIATE_TEST_SUITE_P(, ProgramLifeRow, ::testing::Range(std::size_t{0}, rows().size()));

// The delay before the last of `times` starts.
milliseconds delay_after(std::size_t times, const std::vector<Event>& way_to_the_end) {
  ProgramLife life({.ready_timeout = kReady, .cancel_grace = kGrace, .kill_after = kKill});
  (void)life.begin();
  Step last;
  for (std::size_t i = 0; i < times; ++i) {
    if (i > 0) (void)life.timer_fired();
    for (const Event& event : way_to_the_end) last = event(life);
  }
  return last.timer.value_or(milliseconds(-1));
}

TEST(ProgramLife, APoisonousInputDelaysOthersByASecondAtMost) {
  EXPECT_EQ(delay_after(1, {kSaysReady, kGiven, kExits}), milliseconds(1));
  EXPECT_EQ(delay_after(50, {kSaysReady, kGiven, kExits}), milliseconds(1000));
}

TEST(ProgramLife, AProgramThatDoesNotStartIsStartedEveryHalfMinute) {
  EXPECT_EQ(delay_after(50, {kExits}), milliseconds(30'000));
  EXPECT_EQ(delay_after(50, {kSaysReady, kExits}), milliseconds(30'000));
}

TEST(ProgramLife, AnAnswerForgivesWhatWasBefore) {
  EXPECT_EQ(delay_after(50, {kSaysReady, kGiven, kAnswers, kGiven, kExits}), milliseconds(1));
}

TEST(ProgramLife, FailsFromItsFirstStartThatComesToNothingUntilItIsReady) {
  ProgramLife life({.ready_timeout = kReady, .cancel_grace = kGrace, .kill_after = kKill});
  (void)life.begin();
  EXPECT_FALSE(life.failing());
  (void)life.exited();
  EXPECT_TRUE(life.failing());
  (void)life.timer_fired();
  EXPECT_TRUE(life.failing());
  (void)life.ready();
  EXPECT_FALSE(life.failing());
  (void)life.exited();
  EXPECT_FALSE(life.failing());
}

}  // namespace
}  // namespace shunt::testing
