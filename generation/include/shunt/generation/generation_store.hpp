#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shunt/base/memory_budget.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/generation.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// Scoped by caller, so that two callers' keys never meet.
struct IdempotencyKey {
  std::string caller;
  std::string key;
};

struct ClaimWon {
  std::uint32_t slot = 0;  // for AddOptions
};
struct ClaimHeld {  // same key, same payload: this is the generation
  GenerationId id;
};
struct ClaimConflict {  // same key, other payload
  GenerationId id;
};
// There is no room that this caller may take: all claims that could make some are live.
struct ClaimsFull {
  std::size_t limit = 0;
};
using ClaimOutcome = std::variant<ClaimWon, ClaimHeld, ClaimConflict, ClaimsFull>;

struct GenerationGone {};     // was here, has been evicted: 410
struct GenerationUnknown {};  // never was: 404

struct ListQuery {
  std::optional<GenerationState> state{};
  std::optional<std::string> model{};
  std::optional<std::string> caller{};   // only this caller's
  std::optional<GenerationId> before{};  // the cursor: ids older than this one
  std::size_t limit = 50;
};

struct ListPage {
  std::vector<std::shared_ptr<Generation>> generations;  // newest first
  std::optional<GenerationId> next;                      // pass as `before` for the page after this one
};

// The refusal of a generation beyond `max_open` of its caller, wherever it is counted.
[[nodiscard]] Error too_many_open(std::size_t max_open);

// Where generations and idempotency claims live. All functions are safe from any thread.
class GenerationStore {
 public:
  using Lookup = std::variant<std::shared_ptr<Generation>, GenerationGone, GenerationUnknown>;

  virtual ~GenerationStore() = default;

  // Atomically takes the key for `id`, or tells who has it. Comes before add().
  [[nodiscard]] virtual ClaimOutcome claim(const IdempotencyKey& key, const std::string& fingerprint,
                                           const GenerationId& id) = 0;
  // Gives a claim back because its generation was refused. No effect unless `id` holds it.
  virtual void release_claim(const IdempotencyKey& key, const GenerationId& id) = 0;

  struct AddOptions {
    std::size_t max_open = 0;  // generations that its caller may have open, this one included; 0: no limit
    std::uint32_t claim =
        0;  // where the claim that it won lies: it is live until min_claim_age after the end
  };
  // Fails with `too_many_concurrent` when its caller has max_open open, and with `store_full` when no room
  // can be made because everything in it is unfinished.
  [[nodiscard]] virtual Result<void> add(std::shared_ptr<Generation> generation,
                                         const AddOptions& options) = 0;
  [[nodiscard]] Result<void> add(std::shared_ptr<Generation> generation) {
    return add(std::move(generation), AddOptions{});
  }
  // Takes an add() back, because the generation was refused after all: it never was.
  virtual void withdraw(const GenerationId& id) = 0;
  // The generation has ended: it counts by its bytes now and may be evicted.
  virtual void finished(const GenerationId& id) = 0;

  // Takes an ended generation out: it is gone from now on. False, and nothing happens, while it has not
  // ended; true also when it is not there.
  virtual bool remove(const GenerationId& id) = 0;

  [[nodiscard]] virtual Lookup find(const GenerationId& id) = 0;
  // Whether one that is gone was this caller's. False also where that is not remembered.
  [[nodiscard]] virtual bool was_of(const GenerationId& id, std::string_view caller) = 0;
  [[nodiscard]] virtual ListPage list(const ListQuery& query) = 0;
};

struct MemoryStoreLimits {
  std::size_t max_generations = 10'000;
  std::size_t max_bytes = 0;                                  // of finished generations; 0: their share
  std::chrono::milliseconds max_age = std::chrono::hours(1);  // since the end
  std::size_t max_claims = 0;  // 0: as many as fit their share, at 72 bytes each
  // Both since the end of the claim's generation. A claim is live up to the first: nothing evicts it. From
  // then to the second its caller's newer claims may.
  std::chrono::milliseconds min_claim_age = std::chrono::minutes(10);
  std::chrono::milliseconds max_claim_age = std::chrono::hours(24);
  // Evicted ids that are remembered, so that they answer 410 rather than 404 (about 64 bytes each).
  std::size_t max_tombstones = 100'000;
  // Bounds everything above; not owned.
  MemoryBudget* memory = &MemoryBudget::unlimited();
};

// Keeps everything in this process's memory and nothing across a restart. Evicts finished generations, the
// ones that ended first first, of the caller who has most; unfinished ones never. Age is enforced whenever
// the store is touched.
[[nodiscard]] std::unique_ptr<GenerationStore> make_memory_store(const Clock& clock,
                                                                 MemoryStoreLimits limits);

}  // namespace shunt::generation
