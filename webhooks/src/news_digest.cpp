#include "news_digest.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace shunt::webhooks {
namespace {

constexpr std::string_view kStart = "start";
constexpr std::string_view kOutput = "output";
constexpr std::string_view kLogs = "logs";

}  // namespace

void NewsDigest::take(const GenerationEvent& event) {
  const auto& payload = event.payload;
  // A generation that begins anew has begun already, for those who are told of it.
  const bool starts =
      std::holds_alternative<event::Started>(payload) || std::holds_alternative<event::Restarted>(payload);
  if (starts && !std::exchange(started_, true)) pending_.start = wanted_.start;
  const auto* const delta = std::get_if<event::Delta>(&payload);
  const bool says = delta != nullptr && !delta->text.empty();
  if (wanted_.output && (says || std::holds_alternative<event::ArtifactReady>(payload)))
    pending_.output = true;
  if (wanted_.logs && std::holds_alternative<event::Log>(payload)) pending_.logs = true;
}

std::optional<SteadyTime> NewsDigest::next_at() const {
  if (pending_.start) return blocked_until_;
  if (!pending_.any()) return std::nullopt;
  return std::max(blocked_until_, pause_until_);
}

std::string_view NewsDigest::begin(SteadyTime now) {
  if (std::exchange(pending_.start, false)) return kStart;
  const std::string_view type = pending_.output ? kOutput : kLogs;
  pending_ = {};
  pause_until_ = now + kPause;
  return type;
}

void NewsDigest::put_back(std::string_view type, SteadyTime until) {
  if (type == kStart) pending_.start = true;
  if (type == kOutput) pending_.output = true;
  if (type == kLogs) pending_.logs = true;
  blocked_until_ = until;
}

}  // namespace shunt::webhooks
