#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/generation_store.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::executor {

// A request that has passed every check that needs nothing but the request and its model, in the form that it
// travels in.
struct SealedRequest {
  std::shared_ptr<const Model> model;  // that it was checked against, and runs by in this process
  Envelope envelope;
  std::string text;  // of the envelope
  std::chrono::milliseconds timeout{0};
  IdempotencyKey key;       // key.key "" = none
  std::string fingerprint;  // with a key
};

[[nodiscard]] Error unknown_model(const ModelRegistry& models, std::string_view name);

// The Idempotency-Key belongs to `holder`, whose payload was another one.
[[nodiscard]] Error key_conflict(const GenerationId& holder);

// The caller's idempotency keys in Redis have no room for one more.
[[nodiscard]] Error caller_claims_full(std::size_t limit);

// The name of a key's claim in Redis, the same for every executor: callers' keys may be anything, and never
// meet. "" without a key.
[[nodiscard]] std::string claim_name(const IdempotencyKey& key);

// `slots` generations of the model run, as many as may at once, and no more may wait.
[[nodiscard]] Error model_busy(const Model& model, std::int64_t slots);

// The checks are the same for every executor, so that a request is refused with the same words in both modes.
[[nodiscard]] Result<SealedRequest> seal_request(std::shared_ptr<const Model> model,
                                                 GenerationRequest&& request, const Admission& admission,
                                                 GenerationIdSource& ids, const Clock& clock);

}  // namespace shunt::executor
