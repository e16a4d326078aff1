#include "health_verdict.hpp"

#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/json_members.hpp"

namespace shunt::app {
namespace {

// Orchestrators keep the last words of a probe; a Redis' whole complaint need not be among them.
constexpr std::size_t kMaxReasonBytes = 300;

std::string reason_in(const std::string& body) {
  const auto json = parse_json(body);
  if (!json || !json->is_object()) return {};
  const std::string_view reason = text_in(json->get_object(), "reason");
  return reason.empty() ? std::string() : ": " + displayable(excerpt(reason, kMaxReasonBytes));
}

}  // namespace

HealthVerdict judge_health(const std::string& url, const http::ClientResponse& response) {
  if (response.head.status == 200 && response.complete()) return {true, url + " answers 200"};
  if (!response.complete()) return {false, "no answer from " + url + ": " + response.end.reason};
  return {false, url + " answers " + std::to_string(response.head.status) + reason_in(response.body)};
}

}  // namespace shunt::app
