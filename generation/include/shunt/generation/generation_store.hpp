#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/generation/generation.hpp"

namespace shunt {

// Scoped by caller, so that two callers' keys never meet.
struct IdempotencyKey {
  std::string caller;
  std::string key;
};

struct ClaimWon {};
struct ClaimHeld {  // same key, same payload: this is the generation
  GenerationId id;
};
struct ClaimConflict {  // same key, other payload
  GenerationId id;
};
using ClaimOutcome = std::variant<ClaimWon, ClaimHeld, ClaimConflict>;

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

  // Fails with `store_full` when no room can be made because everything in it is unfinished.
  [[nodiscard]] virtual Result<void> add(std::shared_ptr<Generation> generation) = 0;
  // Takes an add() back, because the generation was refused after all: it never was.
  virtual void withdraw(const GenerationId& id) = 0;
  // The generation has ended: it counts by its bytes now and may be evicted.
  virtual void finished(const GenerationId& id) = 0;

  // Takes an ended generation out: it is gone from now on. False, and nothing happens, while it has not
  // ended; true also when it is not there.
  virtual bool remove(const GenerationId& id) = 0;

  [[nodiscard]] virtual Lookup find(const GenerationId& id) = 0;
  [[nodiscard]] virtual ListPage list(const ListQuery& query) = 0;
};

struct MemoryStoreLimits {
  std::size_t max_generations = 10'000;
  std::size_t max_bytes = 512 * 1024 * 1024;                  // of finished generations
  std::chrono::milliseconds max_age = std::chrono::hours(1);  // since the end
  std::size_t max_claims = 100'000;
  std::chrono::milliseconds max_claim_age = std::chrono::hours(24);
  // Evicted ids that are remembered, so that they answer 410 rather than 404 (about 64 bytes each).
  std::size_t max_tombstones = 100'000;
};

// Keeps everything in this process's memory and nothing across a restart. Evicts finished generations, the
// ones that ended first first; unfinished ones never. Age is enforced whenever the store is touched.
[[nodiscard]] std::unique_ptr<GenerationStore> make_memory_store(const Clock& clock,
                                                                 MemoryStoreLimits limits);

}  // namespace shunt
