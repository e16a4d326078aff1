#pragma once

#include <array>
#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/generation/generation_record.hpp"

// What OpenAI's webhooks tell of a response that went on in the background.
namespace shunt::api::dialects::openai {

// Of webhooks in this form (shunt/api/webhook_forms.hpp).
inline constexpr std::string_view kWebhookForm = "openai";

// Each is the name of one end.
struct ResponseEvent {
  std::string_view name;
  GenerationState state;  // that it tells of
};
inline constexpr std::array<ResponseEvent, 4> kResponseEvents{{
    {"response.completed", GenerationState::kSucceeded},
    {"response.incomplete", GenerationState::kSucceeded},
    {"response.failed", GenerationState::kFailed},
    {"response.cancelled", GenerationState::kCancelled},
}};

// The name of a response's end.
[[nodiscard]] std::string response_event(const GenerationRecord& record);
// {"id":"evt_...","object":"event","created_at":...,"type":"...","data":{"id":"resp_..."}}. The event's id
// follows from the response's, so it is the same whoever tells it.
[[nodiscard]] std::string response_event_body(const GenerationRecord& record);

}  // namespace shunt::api::dialects::openai
