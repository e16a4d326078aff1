#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admission/live_settings.hpp"
#include "dialects/dialect.hpp"
#include "representation/url_signer.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/model_registry.hpp"

// A line's body as the call that it is, for the batch's owner.
namespace shunt::api::batches {

struct LineCaller {
  const LiveSettings& settings;
  const ModelRegistry& models;
  const UrlSigner& urls;
  std::string_view caller;  // of the batch
};

// The response that the body goes on from; nullopt: none.
[[nodiscard]] std::optional<GenerationId> earlier_of(std::string_view endpoint, const JsonObject& body);

// What the same call of an HTTP client would be, with the owner's key, its models and its limit of open
// generations. `earlier` is what earlier_of has named, where it is the caller's. Refuses what only a
// connection can have (streams), and what a batch is itself (background). Pure.
[[nodiscard]] Result<dialects::Call> make_line_call(const LineCaller& caller, std::string_view endpoint,
                                                    JsonObject body, const dialects::Stored* earlier);

}  // namespace shunt::api::batches
