#include "queue/replicas/replicas.hpp"

#include <algorithm>

namespace shunt::executor {
namespace {

// Keeps its mirror for as long as it is read from.
class MirrorWatch final : public EventWatch {
 public:
  MirrorWatch(std::shared_ptr<Mirror> mirror, const WatchOptions& options)
      : mirror_(std::move(mirror)), watch_(mirror_->generation->watch(options)) {}
  std::vector<GenerationEvent> read(std::size_t max_bytes) override { return watch_->read(max_bytes); }
  bool ended() const override { return watch_->ended(); }
  void on_ready(std::function<void()> ready) override { watch_->on_ready(std::move(ready)); }

 private:
  const std::shared_ptr<Mirror> mirror_;
  const std::unique_ptr<EventWatch> watch_;
};

bool has_ended(const Mirror& mirror) {
  return is_terminal(mirror.generation->state());
}

}  // namespace

std::shared_ptr<Mirror> Mirrors::find(const std::string& id) const {
  const auto found = mirrors_.find(id);
  return found == mirrors_.end() ? nullptr : found->second;
}

std::shared_ptr<Mirror> Mirrors::add(std::shared_ptr<Generation> generation, SteadyTime deadline,
                                     SteadyTime now) {
  auto mirror = std::make_shared<Mirror>();
  mirror->id = generation->id().to_string();
  mirror->model = generation->model();
  mirror->generation = std::move(generation);
  mirror->deadline = deadline;
  mirror->pause = kFirstPause;
  mirror->next_look = now + mirror->pause;
  mirror->last_used = now;
  remove(mirror->id);
  mirrors_[mirror->id] = mirror;
  count(*mirror);
  looks_.add(mirror->next_look, mirror);
  sweeps_.add(now + kLinger, mirror);
  if (deadline != SteadyTime::max()) ends_.add(deadline, mirror);
  return mirror;
}

void Mirrors::remove(const std::string& id) {
  const auto found = mirrors_.find(id);
  if (found == mirrors_.end()) return;
  uncount(*found->second);
  mirrors_.erase(found);
}

void Mirrors::uncount(Mirror& mirror) {
  if (mirror.counted == GenerationState::kQueued) --waiting_;
  if (mirror.counted == GenerationState::kRunning) --running_;
  mirror.counted.reset();
}

void Mirrors::count(Mirror& mirror) {
  const GenerationState state = mirror.generation->state();
  if (mirror.counted == state) return;
  uncount(mirror);
  if (state == GenerationState::kQueued) ++waiting_;
  if (state == GenerationState::kRunning) ++running_;
  mirror.counted = state;
}

void Mirrors::cancelling(const std::shared_ptr<Mirror>& mirror, SteadyTime now) {
  mirror->cancel_requested = true;
  mirror->cancelled_at = now;
  ends_.add(now, mirror);
}

std::unique_ptr<EventWatch> Mirrors::watch(const std::shared_ptr<Mirror>& mirror, const WatchOptions& options,
                                           SteadyTime now) const {
  mirror->last_used = now;
  return std::make_unique<MirrorWatch>(mirror, options);
}

Mirrors::Heard Mirrors::apply(Mirror& mirror, std::vector<GenerationEvent> events, SteadyTime now) {
  mirror.pause = kFirstPause;
  mirror.next_look = now + mirror.pause;
  Heard heard = Heard::kOld;
  for (GenerationEvent& event : events) {
    if (event.sequence > mirror.log_sequence() + 1) {
      heard = Heard::kGap;
      break;
    }
    if (apply_one(mirror, std::move(event))) heard = Heard::kApplied;
  }
  count(mirror);
  return heard;
}

bool Mirrors::apply_one(Mirror& mirror, GenerationEvent event) {
  if (const auto* restarted = std::get_if<event::Restarted>(&event.payload)) {
    const bool begins = restarted->attempt > mirror.attempt;
    mirror.attempt = std::max(mirror.attempt, restarted->attempt);
    // A new attempt in the place of events that we have: the log has lost those. We go on from here.
    if (begins && event.sequence <= mirror.log_sequence()) {
      mirror.ahead = mirror.generation->last_sequence() + 1 - event.sequence;
    }
  }
  if (event.sequence <= mirror.log_sequence()) return false;
  event.sequence += mirror.ahead;
  return mirror.generation->apply(std::move(event));
}

void Mirrors::follow(Mirror& mirror, Generation& truth) {
  const auto watch = truth.watch({});
  for (auto events = watch->read(); !events.empty(); events = watch->read()) {
    for (GenerationEvent& event : events) {
      // The log may have fewer events than we do; its end counts.
      if (event.terminal()) event.sequence = mirror.log_sequence() + 1;
      (void)apply_one(mirror, std::move(event));
    }
  }
  count(mirror);
}

void Mirrors::fail(Mirror& mirror, Error error) {
  mirror.generation->fail(std::move(error));
  count(mirror);
}

std::vector<std::string> Mirrors::sweep(SteadyTime now) {
  // The map and the list below.
  constexpr long kHoldersHere = 2;
  std::vector<std::string> unwatched;
  for (const std::shared_ptr<Mirror>& mirror : sweeps_.take(now)) {
    if (find(mirror->id) != mirror) continue;
    if (mirror.use_count() > kHoldersHere) mirror->last_used = now;
    if (now - mirror->last_used < kLinger) {
      sweeps_.add(mirror->last_used + kLinger, mirror);
      continue;
    }
    if (!has_ended(*mirror)) unwatched.push_back(mirror->id);
    remove(mirror->id);
  }
  return unwatched;
}

std::vector<std::shared_ptr<Mirror>> Mirrors::due(SteadyTime now) {
  std::vector<std::shared_ptr<Mirror>> late;
  for (std::shared_ptr<Mirror>& mirror : looks_.take(now)) {
    if (has_ended(*mirror)) continue;
    const bool silent = mirror->next_look <= now;
    if (silent) {
      mirror->pause = std::min(mirror->pause * 2, kLongestPause);
      mirror->next_look = now + mirror->pause;
    }
    looks_.add(mirror->next_look, mirror);
    if (silent) late.push_back(std::move(mirror));
  }
  return late;
}

std::vector<std::shared_ptr<Mirror>> Mirrors::overdue(SteadyTime now) {
  constexpr std::chrono::milliseconds kAgain{50};
  auto late = ends_.take(now);
  std::erase_if(late, [](const std::shared_ptr<Mirror>& mirror) { return has_ended(*mirror); });
  for (const auto& mirror : late) ends_.add(now + kAgain, mirror);
  return late;
}

std::vector<std::shared_ptr<Mirror>> Mirrors::open() const {
  std::vector<std::shared_ptr<Mirror>> all;
  for (const auto& [id, mirror] : mirrors_) {
    if (!has_ended(*mirror)) all.push_back(mirror);
  }
  return all;
}

}  // namespace shunt::executor
