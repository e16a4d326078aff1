#pragma once

#include <cstdint>
#include <memory>

#include "dialects/dialect.hpp"
#include "dialects/openai/responses/response_facts.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// The answer to the request that has created a response.
[[nodiscard]] std::unique_ptr<Rendering> make_created_rendering(ResponseFacts facts);

// A response that is asked for later, whatever has become of it. A stream leaves out its first `skip` events.
[[nodiscard]] std::unique_ptr<Rendering> make_shown_rendering(ResponseFacts facts, std::uint64_t skip);

}  // namespace shunt::api::dialects::openai
