#include "request_sealing.hpp"

#include <utility>

#include "shunt/base/digest.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::executor {
namespace {

Error timeout_out_of_range(const Model& model, std::chrono::milliseconds timeout) {
  Error error = invalid_field(
      "/options/timeout_ms", "options.timeout_ms must be from 1 to " + std::to_string(model.timeout.count()) +
                                 " for this model, got " + std::to_string(timeout.count()));
  return std::move(error).with("limit", model.timeout.count()).with("received", timeout.count());
}

}  // namespace

Error unknown_model(const ModelRegistry& models, std::string_view name) {
  JsonArray names;
  for (const auto& [known, model] : models.all()) names.emplace_back(boost::json::string_view(known));
  return shunt::generation::unknown_model(name, std::move(names));
}

Error key_conflict(const GenerationId& holder) {
  Error error{
      error_code::kIdempotencyConflict,
      "the Idempotency-Key was used before with another payload: send a new key, or the same payload"};
  return std::move(error).with("generation", holder.to_string());
}

Error caller_claims_full(std::size_t limit) {
  Error error{error_code::kClaimsFull,
              "the caller holds its limit of " + std::to_string(limit) +
                  " idempotency keys of generations that are open or have just ended",
              Retryable::kYes};
  return std::move(error).with("limit", limit);
}

std::string claim_name(const IdempotencyKey& key) {
  if (key.key.empty()) return {};
  return sha256_hex(std::to_string(key.caller.size()) + ':' + key.caller + key.key);
}

Error model_busy(const Model& model, std::int64_t slots) {
  Error error{error_code::kModelBusy,
              "model \"" + model.name + "\" runs its limit of " + std::to_string(slots) +
                  " generations and " + std::to_string(model.max_waiting) + " more are waiting",
              Retryable::kYes};
  return std::move(error).with("concurrency", slots).with("max_waiting", model.max_waiting);
}

Result<SealedRequest> seal_request(std::shared_ptr<const Model> checked_by, GenerationRequest&& request,
                                   const Admission& admission, GenerationIdSource& ids, const Clock& clock) {
  const Model& model = *checked_by;
  SealedRequest sealed;
  sealed.model = std::move(checked_by);
  sealed.timeout = request.options.timeout.value_or(model.timeout);
  if (sealed.timeout > model.timeout || sealed.timeout.count() <= 0)
    return timeout_out_of_range(model, sealed.timeout);
  sealed.key = {request.caller, request.idempotency_key};
  if (!sealed.key.key.empty()) sealed.fingerprint = request_fingerprint(request);

  Envelope envelope;
  envelope.id = ids.next();
  envelope.created_at = clock.now();
  envelope.deadline = envelope.created_at + sealed.timeout;
  envelope.on_lost = model.on_lost;
  envelope.admission = request.admission ? *std::move(request.admission) : admission;
  request.admission.reset();
  envelope.request = std::move(request);
  fill_defaults(model, envelope.request.input);
  auto text = encode_envelope(envelope);
  if (!text) return std::move(text).error();
  if (auto checked = check_input(model, envelope.request); !checked) {
    return std::move(checked).error();
  }
  sealed.envelope = std::move(envelope);
  sealed.text = std::move(*text);
  return sealed;
}

}  // namespace shunt::executor
