#include <algorithm>
#include <boost/intrusive/list.hpp>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "claim_table.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/generation_store.hpp"

namespace shunt::generation {
namespace {

namespace bi = boost::intrusive;

// The ids of evicted generations and whose they were, the oldest forgotten first.
class Tombstones {
 public:
  explicit Tombstones(std::size_t limit) : limit_(limit) {}

  void add(const GenerationId& id, std::uint32_t caller) {
    if (limit_ == 0) return;
    if (order_.size() == limit_) {
      callers_.erase(order_.front());
      order_.pop_front();
    }
    order_.push_back(id);
    callers_.emplace(id, caller);
  }
  // The number of its caller; nothing: it is not known.
  [[nodiscard]] std::optional<std::uint32_t> find(const GenerationId& id) const {
    const auto found = callers_.find(id);
    return found == callers_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  const std::size_t limit_;
  std::deque<GenerationId> order_;
  std::unordered_map<GenerationId, std::uint32_t> callers_;
};

bool matches(const Generation& generation, const ListQuery& query) {
  return (!query.model || generation.model() == *query.model) &&
         (!query.caller || generation.caller() == *query.caller) &&
         (!query.state || generation.state() == *query.state);
}

// What one caller has in the store. Anonymous callers are one.
struct Caller;

// A generation in the store, and once it has ended its places in the orders of ends: of all, and of its
// caller's.
struct Stored {
  std::shared_ptr<Generation> generation;
  Caller* caller = nullptr;
  ClaimTable::SlotIndex claim = 0;
  bool has_ended = false;
  std::size_t bytes = 0;
  SteadyTime ended_at{};
  bi::list_member_hook<bi::link_mode<bi::auto_unlink>> among_all;
  bi::list_member_hook<bi::link_mode<bi::auto_unlink>> among_callers;
};
template <auto Hook>
using ListOf =
    bi::list<Stored, bi::member_hook<Stored, bi::list_member_hook<bi::link_mode<bi::auto_unlink>>, Hook>,
             bi::constant_time_size<false>>;

struct Caller {
  std::uint32_t number = 0;
  std::size_t open = 0;
  std::size_t ended = 0;
  std::size_t bytes = 0;  // of the ended ones
  ListOf<&Stored::among_callers> by_end;
};

// One mutex: each critical section is some map operations, well under a microsecond, and evicted generations
// are destroyed outside of it. (list() is the exception: it looks at up to max_generations.)
class MemoryStore final : public GenerationStore {
 public:
  MemoryStore(const Clock& clock, const MemoryStoreLimits& limits)
      : clock_(clock),
        limits_(with_defaults(limits)),
        tombstones_(limits_.max_tombstones),
        claims_({.max_claims = limits_.max_claims,
                 .min_age = limits_.min_claim_age,
                 .max_age = limits_.max_claim_age}) {}

  ClaimOutcome claim(const IdempotencyKey& key, const std::string& fingerprint,
                     const GenerationId& id) override {
    const std::lock_guard lock(mutex_);
    ClaimOutcome outcome =
        claims_.claim(caller_locked(key.caller).number, key, fingerprint, id, clock_.steady_now());
    count_claims_locked();
    return outcome;
  }

  void release_claim(const IdempotencyKey& key, const GenerationId& id) override {
    const std::lock_guard lock(mutex_);
    claims_.release(key, id);
    count_claims_locked();
  }

  Result<void> add(std::shared_ptr<Generation> generation, const AddOptions& options) override {
    Evicted evicted;
    const std::lock_guard lock(mutex_);
    Caller& caller = caller_locked(generation->caller());
    if (options.max_open > 0 && caller.open >= options.max_open) {
      return too_many_open(options.max_open);
    }
    evict_locked(evicted, 1);
    if (by_id_.size() >= limits_.max_generations || takes_too_much(caller)) return full();
    const GenerationId id = generation->id();
    Stored& stored = by_id_.try_emplace(by_id_.end(), id)->second;
    stored.generation = std::move(generation);
    stored.caller = &caller;
    stored.claim = options.claim;
    ++caller.open;
    return {};
  }

  void withdraw(const GenerationId& id) override {
    std::shared_ptr<Generation> withdrawn;
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return;
    --found->second.caller->open;
    withdrawn = std::move(found->second.generation);
    by_id_.erase(found);
  }

  void finished(const GenerationId& id) override {
    Evicted evicted;
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return;
    Stored& stored = found->second;
    Caller& caller = *stored.caller;
    stored.has_ended = true;
    stored.bytes = stored.generation->keep_as_ended();
    stored.ended_at = clock_.steady_now();
    --caller.open;
    ++caller.ended;
    caller.bytes += stored.bytes;
    bytes_ += stored.bytes;
    by_end_.push_back(stored);
    caller.by_end.push_back(stored);
    claims_.ended(stored.claim, id, stored.ended_at);
    evict_locked(evicted, 0);
  }

  bool remove(const GenerationId& id) override {
    Evicted removed;
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return true;
    if (!is_terminal(found->second.generation->state())) return false;
    take_out_locked(found, removed);
    return true;
  }

  Lookup find(const GenerationId& id) override {
    Evicted evicted;
    const std::lock_guard lock(mutex_);
    evict_locked(evicted, 0);
    const auto found = by_id_.find(id);
    if (found != by_id_.end()) return found->second.generation;
    if (tombstones_.find(id)) return GenerationGone{};
    return GenerationUnknown{};
  }

  bool was_of(const GenerationId& id, std::string_view caller) override {
    const std::lock_guard lock(mutex_);
    const auto found = callers_.find(caller);
    // A caller without a place of its own (kMostCallers) shares a number: what it had is not remembered.
    return found != callers_.end() && tombstones_.find(id) == found->second.number;
  }

  ListPage list(const ListQuery& query) override {
    ListPage page;
    Evicted evicted;
    const std::lock_guard lock(mutex_);
    evict_locked(evicted, 0);
    auto at = query.before ? by_id_.lower_bound(*query.before) : by_id_.end();
    while (at != by_id_.begin()) {
      --at;
      const auto& generation = at->second.generation;
      if (!matches(*generation, query)) continue;
      if (page.generations.size() == query.limit) {
        page.next = page.generations.back()->id();
        break;
      }
      page.generations.push_back(generation);
    }
    return page;
  }

 private:
  using ById = std::map<GenerationId, Stored>;

  // What has left the store gives its memory back after the lock, whoever still reads it.
  struct Evicted {
    ~Evicted() {
      for (const auto& generation : generations) generation->discard();
    }
    std::vector<std::shared_ptr<Generation>> generations;
  };

  static MemoryStoreLimits with_defaults(MemoryStoreLimits limits) {
    const MemoryBudget& memory = *limits.memory;
    const std::size_t store = memory.capacity(MemoryShare::kStore);
    limits.max_bytes = limits.max_bytes == 0 ? store : std::min(limits.max_bytes, store);
    const std::size_t claims = memory.capacity(MemoryShare::kClaims) / ClaimTable::kBytesAClaim;
    limits.max_claims = std::min(limits.max_claims == 0 ? kMostClaims : limits.max_claims, claims);
    limits.max_tombstones = std::min(limits.max_tombstones, store / kTombstonePart / kBytesATombstone);
    return limits;
  }

  [[nodiscard]] Error full() const {
    return Error{error_code::kStoreFull,
                 "the store holds its limit of " + std::to_string(limits_.max_generations) +
                     " generations and none of them has ended",
                 Retryable::kYes}
        .with("limit", limits_.max_generations);
  }

  // Where there are others, nobody may have more than half of the places open.
  [[nodiscard]] bool takes_too_much(const Caller& caller) const {
    return callers_.size() > 1 && caller.open > 1 && caller.open >= limits_.max_generations / 2;
  }

  Caller& caller_locked(const std::string& name) {
    const auto found = callers_.find(name);
    if (found != callers_.end()) return found->second;
    // Callers are the keys of the configuration; were there more, those without a place would be one.
    if (callers_.size() >= kMostCallers) return callers_.begin()->second;
    Caller& made = callers_[name];
    made.number = claims_.add_caller();
    return made;
  }

  void count_claims_locked() {
    claim_memory_.resize(claims_.size() / kClaimStep * kClaimStep * ClaimTable::kBytesAClaim);
  }

  void take_out_locked(ById::iterator at, Evicted& to) {
    Stored& stored = at->second;
    Caller& caller = *stored.caller;
    if (stored.has_ended) {
      --caller.ended;
      caller.bytes -= stored.bytes;
      bytes_ -= stored.bytes;
    } else {
      // Its end is being told at this moment: finished() will find nothing.
      --caller.open;
      claims_.ended(stored.claim, at->first, clock_.steady_now());
    }
    tombstones_.add(at->first, caller.number);
    to.generations.push_back(std::move(stored.generation));
    by_id_.erase(at);
  }

  // The oldest ended generation of the caller who has most makes room.
  Caller& largest_locked(std::size_t Caller::* what) {
    return std::ranges::max_element(
               callers_, {},
               [what](const auto& entry) { return entry.second.by_end.empty() ? 0 : entry.second.*what; })
        ->second;
  }

  // Makes room for `needed` more and enforces bytes and age. The generation that ended last outlives the byte
  // bound, so that whoever waited for it can read it, however large it is.
  void evict_locked(Evicted& evicted, std::size_t needed) {
    const SteadyTime now = clock_.steady_now();
    while (!by_end_.empty()) {
      Stored* victim = &by_end_.front();
      if (now - victim->ended_at < limits_.max_age) {
        const bool too_many = by_id_.size() + needed > limits_.max_generations;
        const bool too_large = bytes_ > limits_.max_bytes && victim != &by_end_.back();
        if (!too_many && !too_large) return;
        victim = &largest_locked(too_many ? &Caller::ended : &Caller::bytes).by_end.front();
        if (!too_many && victim == &by_end_.back()) return;
      }
      take_out_locked(by_id_.find(victim->generation->id()), evicted);
    }
  }

  static constexpr std::size_t kMostClaims = 2'000'000;  // unless somebody asks for more
  static constexpr std::size_t kMostCallers = 10'000;
  static constexpr std::size_t kClaimStep = 1024;
  static constexpr std::size_t kBytesATombstone = 64;
  static constexpr std::size_t kTombstonePart = 16;

  const Clock& clock_;
  const MemoryStoreLimits limits_;
  std::mutex mutex_;
  std::map<std::string, Caller, std::less<>> callers_;  // before what points at them
  ListOf<&Stored::among_all> by_end_;
  ById by_id_;
  std::size_t bytes_ = 0;  // of ended generations
  Tombstones tombstones_;
  ClaimTable claims_;
  MemoryReservation claim_memory_{*limits_.memory, MemoryShare::kClaims};
};

}  // namespace

Error too_many_open(std::size_t max_open) {
  return Error{
      error_code::kTooManyConcurrent,
      "this caller may have " + std::to_string(max_open) + " generations open at once, waited for or not",
      Retryable::kYes}
      .with("limit", max_open);
}

std::unique_ptr<GenerationStore> make_memory_store(const Clock& clock, MemoryStoreLimits limits) {
  return std::make_unique<MemoryStore>(clock, limits);
}

}  // namespace shunt::generation
