#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/generation_store.hpp"

namespace shunt {
namespace {

// The ids of evicted generations, the oldest forgotten first.
class Tombstones {
 public:
  explicit Tombstones(std::size_t limit) : limit_(limit) {}

  void add(const GenerationId& id) {
    if (limit_ == 0) return;
    if (order_.size() == limit_) {
      ids_.erase(order_.front());
      order_.pop_front();
    }
    order_.push_back(id);
    ids_.insert(id);
  }
  [[nodiscard]] bool contains(const GenerationId& id) const { return ids_.contains(id); }

 private:
  const std::size_t limit_;
  std::deque<GenerationId> order_;
  std::unordered_set<GenerationId> ids_;
};

// Idempotency keys and who holds them, the oldest forgotten first.
class Claims {
 public:
  Claims(std::size_t limit, std::chrono::milliseconds max_age) : limit_(limit), max_age_(max_age) {}

  ClaimOutcome claim(const IdempotencyKey& key, const std::string& fingerprint, const GenerationId& id,
                     SteadyTime now) {
    forget_old(now);
    const auto [at, won] = held_.try_emplace(text_of(key), Claim{fingerprint, id});
    if (!won) {
      if (at->second.fingerprint == fingerprint) return ClaimHeld{at->second.id};
      return ClaimConflict{at->second.id};
    }
    order_.push_back({at->first, id, now});
    return ClaimWon{};
  }

  void release(const IdempotencyKey& key, const GenerationId& id) { erase(text_of(key), id); }

 private:
  struct Claim {
    std::string fingerprint;
    GenerationId id;
  };
  struct Age {
    std::string key;
    GenerationId id;  // a released and newly won key has two ages; this tells them apart
    SteadyTime since;
  };

  // A length before the caller keeps ("a", "bc") and ("ab", "c") apart.
  static std::string text_of(const IdempotencyKey& key) {
    return std::to_string(key.caller.size()) + ':' + key.caller + key.key;
  }

  void erase(const std::string& key, const GenerationId& id) {
    const auto found = held_.find(key);
    if (found != held_.end() && found->second.id == id) held_.erase(found);
  }

  void forget_old(SteadyTime now) {
    while (!order_.empty() && (order_.size() >= limit_ || now - order_.front().since >= max_age_)) {
      erase(order_.front().key, order_.front().id);
      order_.pop_front();
    }
  }

  const std::size_t limit_;
  const std::chrono::milliseconds max_age_;
  std::unordered_map<std::string, Claim> held_;
  std::deque<Age> order_;
};

bool matches(const Generation& generation, const ListQuery& query) {
  return (!query.model || generation.model() == *query.model) &&
         (!query.caller || generation.caller() == *query.caller) &&
         (!query.state || generation.state() == *query.state);
}

// One mutex: each critical section is some map operations, well under a microsecond, and evicted generations
// are destroyed outside of it. (list() is the exception: it looks at up to max_generations.)
class MemoryStore final : public GenerationStore {
 public:
  MemoryStore(const Clock& clock, const MemoryStoreLimits& limits)
      : clock_(clock),
        limits_(limits),
        tombstones_(limits.max_tombstones),
        claims_(limits.max_claims, limits.max_claim_age) {}

  ClaimOutcome claim(const IdempotencyKey& key, const std::string& fingerprint,
                     const GenerationId& id) override {
    const std::lock_guard lock(mutex_);
    return claims_.claim(key, fingerprint, id, clock_.steady_now());
  }

  void release_claim(const IdempotencyKey& key, const GenerationId& id) override {
    const std::lock_guard lock(mutex_);
    claims_.release(key, id);
  }

  Result<void> add(std::shared_ptr<Generation> generation) override {
    Evicted evicted;
    const std::lock_guard lock(mutex_);
    evict_locked(evicted, 1);
    if (by_id_.size() >= limits_.max_generations) {
      return Error{std::string(error_code::kStoreFull),
                   "the store holds its limit of " + std::to_string(limits_.max_generations) +
                       " generations and none of them has ended",
                   true}
          .with("limit", limits_.max_generations);
    }
    const GenerationId id = generation->id();
    by_id_.emplace_hint(by_id_.end(), id, std::move(generation));
    return {};
  }

  void withdraw(const GenerationId& id) override {
    Evicted withdrawn;
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return;
    withdrawn.push_back(std::move(found->second));
    by_id_.erase(found);
  }

  void finished(const GenerationId& id) override {
    Evicted evicted;
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return;
    const std::size_t bytes = found->second->approximate_bytes();
    finished_.push_back({id, bytes, clock_.steady_now()});
    finished_bytes_ += bytes;
    evict_locked(evicted, 0);
  }

  bool remove(const GenerationId& id) override {
    Evicted removed;
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return true;
    if (!is_terminal(found->second->state())) return false;
    removed.push_back(std::move(found->second));
    by_id_.erase(found);
    tombstones_.add(id);
    // Not there yet when its end is being told at this moment: finished() finds nothing then.
    const auto entry = std::ranges::find(finished_, id, &Finished::id);
    if (entry == finished_.end()) return true;
    finished_bytes_ -= entry->bytes;
    finished_.erase(entry);
    return true;
  }

  Lookup find(const GenerationId& id) override {
    Evicted evicted;
    const std::lock_guard lock(mutex_);
    evict_locked(evicted, 0);
    const auto found = by_id_.find(id);
    if (found != by_id_.end()) return found->second;
    if (tombstones_.contains(id)) return GenerationGone{};
    return GenerationUnknown{};
  }

  ListPage list(const ListQuery& query) override {
    ListPage page;
    Evicted evicted;
    const std::lock_guard lock(mutex_);
    evict_locked(evicted, 0);
    auto at = query.before ? by_id_.lower_bound(*query.before) : by_id_.end();
    while (at != by_id_.begin()) {
      --at;
      if (!matches(*at->second, query)) continue;
      if (page.generations.size() == query.limit) {
        page.next = page.generations.back()->id();
        break;
      }
      page.generations.push_back(at->second);
    }
    return page;
  }

 private:
  using Evicted = std::vector<std::shared_ptr<Generation>>;

  struct Finished {
    GenerationId id;
    std::size_t bytes;
    SteadyTime since;
  };

  [[nodiscard]] bool is_too_old(const Finished& entry) const {
    return clock_.steady_now() - entry.since >= limits_.max_age;
  }

  // Makes room for `needed` more and enforces bytes and age. The generation that ended last outlives the byte
  // bound, so that whoever waited for it can read it, however large it is.
  void evict_locked(Evicted& evicted, std::size_t needed) {
    while (!finished_.empty() &&
           (by_id_.size() + needed > limits_.max_generations ||
            (finished_bytes_ > limits_.max_bytes && finished_.size() > 1) || is_too_old(finished_.front()))) {
      const Finished& oldest = finished_.front();
      const auto found = by_id_.find(oldest.id);
      evicted.push_back(std::move(found->second));
      by_id_.erase(found);
      tombstones_.add(oldest.id);
      finished_bytes_ -= oldest.bytes;
      finished_.pop_front();
    }
  }

  const Clock& clock_;
  const MemoryStoreLimits limits_;
  std::mutex mutex_;
  std::map<GenerationId, std::shared_ptr<Generation>> by_id_;
  std::deque<Finished> finished_;  // in the order of their ends
  std::size_t finished_bytes_ = 0;
  Tombstones tombstones_;
  Claims claims_;
};

}  // namespace

std::unique_ptr<GenerationStore> make_memory_store(const Clock& clock, MemoryStoreLimits limits) {
  return std::make_unique<MemoryStore>(clock, limits);
}

}  // namespace shunt
