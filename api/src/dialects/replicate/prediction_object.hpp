#pragma once

#include <map>
#include <string>
#include <string_view>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/webhooks/body_form.hpp"

// Replicate's prediction: a generation as its clients know it.
namespace shunt::api::dialects::replicate {

// Of GenerationRequest::Context::dialect, and of webhooks in this form.
inline constexpr std::string_view kFormName = "replicate";
// The operations of the rows that a token opens.
inline constexpr std::string_view kStreamOperation = "replicateStream";
inline constexpr std::string_view kArtifactOperation = "replicateArtifact";

// What is stored with a generation to show it again as it was asked for.
struct Prediction {
  std::string version{};
  std::string base_url{};  // as its client has reached us, for those who have no request
  std::string webhook{};
  JsonArray webhook_events_filter{};
  bool cancel_after = false;                   // its deadline is the client's wish to cancel it
  std::map<std::string, std::string> files{};  // URLs that were given for members that are files
};
[[nodiscard]] JsonObject to_dialect(const Prediction& prediction);
// What is missing, or was stored by another API, is empty.
[[nodiscard]] Prediction from_dialect(const JsonObject& dialect);

// What links are made of.
struct Links {
  std::string base_url;
  const UrlSigner* urls;
  WallTime now;
};
[[nodiscard]] Links links_of(const CallContext& context);
[[nodiscard]] std::string artifact_url(const Links& links, const GenerationId& id, std::string_view name);

// How much is shown of a prediction.
struct Shown {
  const GenerationRecord& record;
  const GenerationRequest* request = nullptr;  // nullptr: known no longer, or not asked for
  std::string_view version{};                  // where the request does not tell
  std::string_view logs{};
  // A client that waits takes any status but `starting` for the end: until that it sees no other.
  bool only_starting = false;
};
void append_prediction(std::string& out, const Shown& shown, const Links& links);

// What a webhook tells of a prediction.
[[nodiscard]] std::string webhook_body(const webhooks::Told& told, const UrlSigner& urls, WallTime now);

// The status of a generation: "starting", "processing", "succeeded", "failed", "canceled" or "aborted".
[[nodiscard]] std::string_view status_of(const GenerationRecord& record, const Prediction& prediction);

}  // namespace shunt::api::dialects::replicate
