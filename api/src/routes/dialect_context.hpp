#pragma once

#include <memory>

#include "dialects/dialect.hpp"
#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"

// What carries out the endpoints of the dialects has in common.
namespace shunt::api {

// Lives as long as the exchange's request.
[[nodiscard]] dialects::CallContext context_of(Exchange& exchange);

// The whole answer of a generation that has ended.
[[nodiscard]] http::Task<void> answer_ended_call(Exchange& exchange,
                                                 std::shared_ptr<const GenerationRecord> record,
                                                 dialects::Rendering& rendering);

[[nodiscard]] http::Task<void> run_call(Exchange& exchange, const dialects::endpoint::Run& run);

}  // namespace shunt::api
