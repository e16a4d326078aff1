#pragma once

#include <string>

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/input_rules.hpp"

namespace shunt::api {

// Fetches the URL that a request gives for a member, within what its rule and `files` of the configuration
// allow, into the store, and holds it there. Counts as an upload of the caller's while it comes. Fails
// with `file_not_fetched`, `invalid_input` (its type), `too_many_concurrent`, `file_quota_exceeded`, and as
// the store does.
[[nodiscard]] http::Task<Result<FileReference>> fetch_file(Exchange& exchange, const InputRule& rule,
                                                           std::string member, std::string url, FileUse use);

}  // namespace shunt::api
