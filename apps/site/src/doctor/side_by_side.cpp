#include "shunt/site/side_by_side.hpp"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "doctor/finding_made.hpp"
#include "shunt/base/duration_text.hpp"

namespace shunt::site {
namespace {

constexpr std::size_t kMostThreads = 32;

// Shared by the threads and whoever waits, since either may be the last.
struct Round {
  explicit Round(std::vector<NamedLook> the_looks) : looks(std::move(the_looks)), ended(looks.size()) {}

  const std::vector<NamedLook> looks;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t next = 0;                                    // this and the next two under the mutex
  std::vector<std::optional<std::vector<Finding>>> ended;  // by look
  std::size_t ended_count = 0;
};

std::vector<Finding> findings_of(const NamedLook& named) {
  try {
    return named.look();
  } catch (const std::exception& failure) {
    return {problem(named.name, std::string("could not be looked at: ") + failure.what(),
                    "Report this: shunt version and shunt config show help to find it.")};
  }
}

void take_turns(const std::shared_ptr<Round>& round) {
  while (true) {
    std::size_t turn = 0;
    {
      const std::lock_guard lock(round->mutex);
      if (round->next == round->looks.size()) return;
      turn = round->next++;
    }
    std::vector<Finding> findings = findings_of(round->looks[turn]);
    const std::lock_guard lock(round->mutex);
    round->ended[turn] = std::move(findings);
    ++round->ended_count;
    round->changed.notify_all();
  }
}

}  // namespace

SideBySide look_side_by_side(std::vector<NamedLook> looks, std::chrono::milliseconds within) {
  const auto round = std::make_shared<Round>(std::move(looks));
  const std::size_t threads = std::min(round->looks.size(), kMostThreads);
  // Not joined: what hangs in the kernel (a network's file system that is gone) cannot be ended. The round is
  // theirs, too, so nothing that they touch goes before them.
  for (std::size_t i = 0; i < threads; ++i) std::thread(take_turns, round).detach();
  std::unique_lock lock(round->mutex);
  SideBySide result;
  result.all_ended =
      round->changed.wait_for(lock, within, [&] { return round->ended_count == round->looks.size(); });
  // The last of them may not look again.
  round->next = round->looks.size();
  for (std::size_t i = 0; i < round->looks.size(); ++i) {
    if (auto& ended = round->ended[i]) {
      std::ranges::move(*ended, std::back_inserter(result.findings));
    } else {
      result.findings.push_back(problem(round->looks[i].name,
                                        "did not answer within " + format_duration(within),
                                        "Something that it needs hangs; look at it by hand."));
    }
  }
  return result;
}

}  // namespace shunt::site
