#pragma once

#include <optional>
#include <string>

#include "routes/exchange.hpp"
#include "service/repeated_posts.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/generation_id.hpp"

namespace shunt::api {

// What equal POSTs have in common: who sends them (without API keys: from which address), where to, and the
// body, which must still be there.
[[nodiscard]] std::string post_key(const Exchange& exchange);

// The generation that this POST joins; nullopt: it begins its own. Waits a moment where an equal POST is
// under way: its connection may be breaking, and what is sent anew can come before that is seen. From here on
// exchange.repeated tells what becomes of this one.
[[nodiscard]] http::Task<std::optional<GenerationId>> join_repeated(Exchange& exchange, std::string key,
                                                                    RepeatedPosts::Rule rule);

// For a POST whose client has gone: whether nobody has joined its generation within server.retry_grace, or
// who did has gone as long ago, too. At once for one that cannot be joined.
[[nodiscard]] http::Task<bool> stays_abandoned(Exchange& exchange);

}  // namespace shunt::api
