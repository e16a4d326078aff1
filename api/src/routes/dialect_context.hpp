#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "dialects/dialect.hpp"
#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"

// What carries out the endpoints of the dialects has in common.
namespace shunt::api {

// Lives as long as the exchange's request.
[[nodiscard]] dialects::CallContext context_of(Exchange& exchange);

// Tells the rendering what it wants to know beside the record, before it answers.
[[nodiscard]] http::Task<void> inform_rendering(Exchange& exchange, const GenerationRecord& record,
                                                dialects::Rendering& rendering);

// The models that the caller may use.
[[nodiscard]] std::vector<std::shared_ptr<const Model>> usable_models(const Exchange& exchange);
// A generation and what it was asked for.
struct LookedUp {
  GenerationRecord record;
  std::optional<GenerationRequest> request;
  [[nodiscard]] dialects::Stored stored() const { return {record, request ? &*request : nullptr}; }
};

// nullopt: that is not known any more. Its memory is counted until drop_body(), or it is `overloaded`.
[[nodiscard]] http::Task<Result<std::optional<GenerationRequest>>> asked_for(Exchange& exchange,
                                                                             GenerationId id);

// The whole answer of a generation that has ended.
[[nodiscard]] http::Task<void> answer_ended_call(Exchange& exchange,
                                                 std::shared_ptr<const GenerationRecord> record,
                                                 dialects::Rendering& rendering);

[[nodiscard]] http::Task<void> run_call(Exchange& exchange, const dialects::endpoint::Run& run);

}  // namespace shunt::api
