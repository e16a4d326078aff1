#include "queue/mirrors.hpp"

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
  mirrors_[mirror->id] = mirror;
  return mirror;
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
    const std::uint64_t known = mirror.generation->last_sequence();
    if (event.sequence <= known) continue;
    if (event.sequence > known + 1) return Heard::kGap;
    if (mirror.generation->apply(std::move(event))) heard = Heard::kApplied;
  }
  return heard;
}

void Mirrors::follow(Mirror& mirror, Generation& truth) {
  const auto watch = truth.watch({});
  while (true) {
    auto events = watch->read();
    if (events.empty()) return;
    for (GenerationEvent& event : events) {
      const std::uint64_t known = mirror.generation->last_sequence();
      // A server that came back without its last second may have fewer events than we do; the end counts.
      if (event.terminal()) event.sequence = known + 1;
      if (event.sequence == known + 1) mirror.generation->apply(std::move(event));
    }
  }
}

std::vector<std::string> Mirrors::sweep(SteadyTime now) {
  std::vector<std::string> unwatched;
  for (auto entry = mirrors_.begin(); entry != mirrors_.end();) {
    const std::shared_ptr<Mirror>& mirror = entry->second;
    if (mirror.use_count() > 1 || now - mirror->last_used < kLinger) {
      if (mirror.use_count() > 1) mirror->last_used = now;
      ++entry;
      continue;
    }
    if (!has_ended(*mirror)) unwatched.push_back(mirror->id);
    entry = mirrors_.erase(entry);
  }
  return unwatched;
}

std::vector<std::shared_ptr<Mirror>> Mirrors::due(SteadyTime now) {
  std::vector<std::shared_ptr<Mirror>> late;
  for (const auto& [id, mirror] : mirrors_) {
    if (mirror->next_look > now || has_ended(*mirror)) continue;
    mirror->pause = std::min(mirror->pause * 2, kLongestPause);
    mirror->next_look = now + mirror->pause;
    late.push_back(mirror);
  }
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
