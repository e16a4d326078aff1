// Processes that are killed, and servers that stop, in the middle of changes.
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <random>
#include <thread>

#include "integration/flip/flip_fleet.hpp"

namespace shunt::flip {
namespace {

class FlipKill : public FlipFleet {
 protected:
  // A round of events, and where each leads to.
  static constexpr std::array<std::pair<FlipEvent, FlipState>, 4> kRound{
      {{FlipEvent::kForceSync, FlipState::kForcedSync},
       {FlipEvent::kRelease, FlipState::kFull},
       {FlipEvent::kForceQueue, FlipState::kForcedQueue},
       {FlipEvent::kRelease, FlipState::kFull}}};

  // What a process has told of its events until it was killed: how many it has begun, and ended.
  struct Told {
    std::size_t begun = 0;
    std::size_t ended = 0;
  };
  // A process that goes round until it is killed after so long. The test has no other thread meanwhile.
  Told go_round_until_killed(std::chrono::milliseconds after) {
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) throw std::runtime_error("no pipe");
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(1);
      Member member(options("a", Strategy::kQueue));
      for (std::size_t i = 0;; ++i) {
        if (::write(pipe[1], "b", 1) != 1) ::_exit(1);
        if (!member.apply(kRound[i % kRound.size()].first).ok()) ::_exit(2);
        if (::write(pipe[1], "e", 1) != 1) ::_exit(1);
      }
    }
    ::close(pipe[1]);
    Told told;
    char what = 0;
    // The first event has begun when the clock starts.
    if (::read(pipe[0], &what, 1) == 1) ++told.begun;
    std::this_thread::sleep_for(after);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it has ended by itself: " << WEXITSTATUS(status);
    while (::read(pipe[0], &what, 1) == 1) ++(what == 'b' ? told.begun : told.ended);
    ::close(pipe[0]);
    return told;
  }
  // The state after so many events.
  static FlipState after(std::size_t events) {
    return events == 0 ? FlipState::kFull : kRound[(events - 1) % kRound.size()].second;
  }
  void begin_anew() {
    redis_({"FLUSHALL"});
    ::unlink(file("a.state").c_str());
  }
};

TEST_F(FlipKill, TheStateAfterARestartIsTheOldOneOrTheNewOne) {
  std::mt19937 random(7);
  for (int round = 0; round < 12; ++round) {
    begin_anew();
    const Told told = go_round_until_killed(std::chrono::milliseconds(random() % 120));
    ASSERT_GT(told.begun, 0U);
    {
      FlipControlOptions alone = options("a", Strategy::kQueue);
      alone.queue.redis_url = "redis://127.0.0.1:1";
      const Member away(std::move(alone));
      EXPECT_THAT(away.state(), ::testing::AnyOf(after(told.ended), after(told.begun)))
          << "without Redis, killed in event " << told.begun;
    }
    const Member back(options("a", Strategy::kQueue));
    EXPECT_THAT(back.state(), ::testing::AnyOf(after(told.ended), after(told.begun)))
        << "with Redis, killed in event " << told.begun;
  }
}

// Whatever people and servers do meanwhile, a fleet comes together again, on one chain of changes.
TEST_F(FlipKill, AFleetThatManyMoveWhileRedisComesAndGoesComesTogetherAgain) {
  std::vector<std::unique_ptr<Member>> fleet;
  for (const char* name : {"a", "b", "c"}) {
    FlipControlOptions made = options(name, Strategy::kQueue);
    made.acknowledge_wait = 0ms;
    // Less than Redis is away at a time.
    made.queue.command_timeout = 500ms;
    fleet.push_back(std::make_unique<Member>(std::move(made)));
  }
  const auto until = std::chrono::steady_clock::now() + 5s;
  std::vector<std::jthread> people;
  std::atomic<int> changes = 0;
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    people.emplace_back([&, i] {
      std::mt19937 random(static_cast<unsigned>(i));
      constexpr std::array kEvents{FlipEvent::kForceSync, FlipEvent::kRelease, FlipEvent::kForceQueue,
                                   FlipEvent::kAbort,     FlipEvent::kStart,   FlipEvent::kAdvance,
                                   FlipEvent::kHold,      FlipEvent::kResume};
      while (std::chrono::steady_clock::now() < until) {
        changes += fleet[i]->apply(kEvents[random() % kEvents.size()], {.plan = short_plan()}).ok() ? 1 : 0;
      }
    });
  }
  for (int pause = 0; pause < 3; ++pause) {
    std::this_thread::sleep_for(700ms);
    redis_.suspend();
    std::this_thread::sleep_for(800ms);
    redis_.resume();
  }
  people.clear();
  EXPECT_GT(changes, 5);
  // A rollout that somebody has begun may still take its steps.
  EXPECT_TRUE(eventually([&] {
    const FlipStatus a = fleet[0]->status();
    return a.converged && a.processes.size() == 3 && !a.unmerged && fleet[1]->status().record == a.record &&
           fleet[2]->status().record == a.record;
  }));
  const auto report = fleet[0]->verify();
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->intact()) << report->problem.value_or("");
}

}  // namespace
}  // namespace shunt::flip
