#include "queue/replicas/replicas.hpp"

#include <algorithm>

namespace shunt::executor {
namespace {

bool has_ended(const Replica& replica) {
  return is_terminal(replica.generation->state());
}

}  // namespace

std::shared_ptr<Replica> Replicas::find(const std::string& id) const {
  const auto found = replicas_.find(id);
  return found == replicas_.end() ? nullptr : found->second;
}

std::shared_ptr<Replica> Replicas::add(std::shared_ptr<Generation> generation, SteadyTime deadline,
                                       SteadyTime now) {
  auto replica = std::make_shared<Replica>();
  replica->id = generation->id().to_string();
  replica->model = generation->model();
  replica->generation = std::move(generation);
  replica->deadline = deadline;
  replica->pause = kFirstPause;
  replica->next_look = now + replica->pause;
  replica->last_used = now;
  remove(replica->id);
  replicas_[replica->id] = replica;
  count(*replica);
  looks_.add(replica->next_look, replica);
  unused_.add(now + kLinger, replica);
  if (deadline != SteadyTime::max()) deadlines_.add(deadline, replica);
  return replica;
}

void Replicas::remove(const std::string& id) {
  const auto found = replicas_.find(id);
  if (found == replicas_.end()) return;
  uncount(*found->second);
  replicas_.erase(found);
}

void Replicas::uncount(Replica& replica) {
  if (replica.counted == GenerationState::kQueued) --waiting_;
  if (replica.counted == GenerationState::kRunning) --running_;
  replica.counted.reset();
}

void Replicas::count(Replica& replica) {
  const GenerationState state = replica.generation->state();
  if (replica.counted == state) return;
  uncount(replica);
  if (state == GenerationState::kQueued) ++waiting_;
  if (state == GenerationState::kRunning) ++running_;
  replica.counted = state;
}

void Replicas::stop_requested(const std::shared_ptr<Replica>& replica, SteadyTime now) {
  replica->cancel_requested = true;
  replica->cancelled_at = now;
  deadlines_.add(now, replica);
}

std::unique_ptr<EventWatch> Replicas::watch(const std::shared_ptr<Replica>& replica,
                                            const WatchOptions& options, SteadyTime now) const {
  replica->last_used = now;
  // The watch keeps the replica for as long as it is read from.
  return replica->generation->watch(options, replica);
}

Replicas::Applied Replicas::apply(Replica& replica, std::vector<GenerationEvent> events, SteadyTime now) {
  replica.pause = kFirstPause;
  replica.next_look = now + replica.pause;
  Applied applied = Applied::kOld;
  for (GenerationEvent& event : events) {
    if (event.sequence > replica.log_sequence() + 1) {
      applied = Applied::kGap;
      break;
    }
    if (apply_one(replica, std::move(event))) applied = Applied::kNew;
  }
  count(replica);
  return applied;
}

bool Replicas::apply_one(Replica& replica, GenerationEvent event) {
  if (const auto* restarted = std::get_if<event::Restarted>(&event.payload)) {
    const bool begins = restarted->attempt > replica.attempt;
    replica.attempt = std::max(replica.attempt, restarted->attempt);
    // A new attempt in the place of events that we have: the log has lost those. We go on from here.
    if (begins && event.sequence <= replica.log_sequence()) {
      replica.ahead = replica.generation->last_sequence() + 1 - event.sequence;
    }
  }
  if (event.sequence <= replica.log_sequence()) return false;
  event.sequence += replica.ahead;
  return replica.generation->apply(std::move(event));
}

void Replicas::follow(Replica& replica, Generation& truth) {
  const auto watch = truth.watch({});
  for (auto events = watch->read(); !events.empty(); events = watch->read()) {
    for (GenerationEvent& event : events) {
      // The log may have fewer events than we do; its end counts.
      if (event.terminal()) event.sequence = replica.log_sequence() + 1;
      (void)apply_one(replica, std::move(event));
    }
  }
  count(replica);
}

void Replicas::fail(Replica& replica, Error error) {
  replica.generation->fail(std::move(error));
  count(replica);
}

std::vector<std::string> Replicas::take_unused(SteadyTime now) {
  // The map and the list below.
  constexpr long kHoldersHere = 2;
  std::vector<std::string> unwatched;
  for (const std::shared_ptr<Replica>& replica : unused_.take(now)) {
    if (find(replica->id) != replica) continue;
    if (replica.use_count() > kHoldersHere) replica->last_used = now;
    if (now - replica->last_used < kLinger) {
      unused_.add(replica->last_used + kLinger, replica);
      continue;
    }
    if (!has_ended(*replica)) unwatched.push_back(replica->id);
    remove(replica->id);
  }
  return unwatched;
}

std::vector<std::shared_ptr<Replica>> Replicas::unreported(SteadyTime now) {
  std::vector<std::shared_ptr<Replica>> late;
  for (std::shared_ptr<Replica>& replica : looks_.take(now)) {
    if (has_ended(*replica)) continue;
    const bool unreported = replica->next_look <= now;
    if (unreported) {
      replica->pause = std::min(replica->pause * 2, kLongestPause);
      replica->next_look = now + replica->pause;
    }
    looks_.add(replica->next_look, replica);
    if (unreported) late.push_back(std::move(replica));
  }
  return late;
}

std::vector<std::shared_ptr<Replica>> Replicas::past_deadline(SteadyTime now) {
  constexpr std::chrono::milliseconds kAgain{50};
  auto late = deadlines_.take(now);
  std::erase_if(late, [](const std::shared_ptr<Replica>& replica) { return has_ended(*replica); });
  for (const auto& replica : late) deadlines_.add(now + kAgain, replica);
  return late;
}

std::vector<std::shared_ptr<Replica>> Replicas::open() const {
  std::vector<std::shared_ptr<Replica>> all;
  for (const auto& [id, replica] : replicas_) {
    if (!has_ended(*replica)) all.push_back(replica);
  }
  return all;
}

}  // namespace shunt::executor
