#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "queue/replicas/deadline_queue.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/event_watch.hpp"
#include "shunt/generation/generation.hpp"

namespace shunt::executor {

// A generation that runs somewhere else, kept up to date in this process for those who watch it here.
struct Replica {
  std::shared_ptr<Generation> generation;
  std::string id;
  std::string model;
  // When the generation ends by deadline while it waits; and, with the model's grace and the time in which a
  // lost worker is found, whatever it does.
  SteadyTime deadline = SteadyTime::max();
  // When it is asked next whether anybody runs it, once its deadline has passed.
  SteadyTime next_deadline_look{};
  bool cancel_requested = false;
  SteadyTime cancelled_at{};

  // When it is looked at next, if no event of it comes until then; the pauses grow.
  SteadyTime next_look{};
  std::chrono::milliseconds pause{0};
  std::string seen_progress = "0";
  SteadyTime last_used{};

  // The replica has so many events that the log has lost: a server that crashes comes back without its last
  // second.
  std::uint64_t ahead = 0;
  // The last attempt that has begun anew here.
  std::uint64_t attempt = 1;
  // The number of the last event, as the log counts.
  [[nodiscard]] std::uint64_t log_sequence() const { return generation->last_sequence() - ahead; }

  // An API process runs it itself: there is no job to look at, and others notice when that process is gone.
  bool owned = false;

  // It is being found out whether its job came to the queue: until then no end of it is anybody's.
  bool settling = false;

  // The state as which Replicas counts it; none before it does.
  std::optional<GenerationState> counted;
};

// The replicas of this process, by id. One thread; the watches that it gives out belong to anybody.
class Replicas {
 public:
  // How long a replica without a watch is kept: a client that has just submitted comes for its stream.
  static constexpr std::chrono::seconds kLinger{5};
  static constexpr std::chrono::milliseconds kFirstPause{250};
  static constexpr std::chrono::milliseconds kLongestPause{2'000};

  [[nodiscard]] std::shared_ptr<Replica> find(const std::string& id) const;
  std::shared_ptr<Replica> add(std::shared_ptr<Generation> generation, SteadyTime deadline, SteadyTime now);
  void remove(const std::string& id);
  [[nodiscard]] std::unique_ptr<EventWatch> watch(const std::shared_ptr<Replica>& replica,
                                                  const WatchOptions& options, SteadyTime now) const;

  enum class Applied { kNew, kOld, kGap };
  // Events from elsewhere: those that are known already are skipped.
  Applied apply(Replica& replica, std::vector<GenerationEvent> events, SteadyTime now);
  // The log in Redis is the truth: whatever the replica has, it ends as the log does.
  void follow(Replica& replica, Generation& truth);
  // Ends the replica for what the log does not tell.
  void fail(Replica& replica, Error error);
  // Somebody wants it to stop: it is among those past their deadline from now on.
  void stop_requested(const std::shared_ptr<Replica>& replica, SteadyTime now);

  // Removes those that nobody needs; the ids of those that had not ended, so that their events need not be
  // sent.
  [[nodiscard]] std::vector<std::string> take_unused(SteadyTime now);
  // Those that are due for a look, whose next one is set.
  [[nodiscard]] std::vector<std::shared_ptr<Replica>> unreported(SteadyTime now);
  // Those that are beyond their deadlines, or ought to stop, and have not ended. They come again a little
  // later.
  [[nodiscard]] std::vector<std::shared_ptr<Replica>> past_deadline(SteadyTime now);
  [[nodiscard]] std::vector<std::shared_ptr<Replica>> open() const;
  // When there is something for take_unused(), unreported() and past_deadline(); SteadyTime::max(): nothing.
  [[nodiscard]] SteadyTime next_unused() const noexcept { return unused_.next(); }
  [[nodiscard]] SteadyTime next_look() const noexcept { return looks_.next(); }
  [[nodiscard]] SteadyTime next_deadline() const noexcept { return deadlines_.next(); }
  // Called whenever one of these three has become sooner.
  void on_unused_sooner(std::function<void(SteadyTime)> sooner) { unused_.on_sooner(std::move(sooner)); }
  void on_look_sooner(std::function<void(SteadyTime)> sooner) { looks_.on_sooner(std::move(sooner)); }
  void on_deadline_sooner(std::function<void(SteadyTime)> sooner) { deadlines_.on_sooner(std::move(sooner)); }
  // Any thread.
  [[nodiscard]] std::size_t running() const noexcept { return running_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }

 private:
  bool apply_one(Replica& replica, GenerationEvent event);
  void count(Replica& replica);
  void uncount(Replica& replica);

  std::unordered_map<std::string, std::shared_ptr<Replica>> replicas_;
  DeadlineQueue<Replica> looks_;
  DeadlineQueue<Replica> unused_;
  DeadlineQueue<Replica> deadlines_;
  std::atomic<std::size_t> running_{0};
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace shunt::executor
