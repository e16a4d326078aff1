#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/generation/generation_record.hpp"
#include "shunt/webhooks/body_form.hpp"
#include "shunt/webhooks/delivery.hpp"
#include "shunt/webhooks/namespace.hpp"
#include "shunt/webhooks/webhook.hpp"

namespace shunt::webhooks {

// What a generation's end is told to.
struct Hook {
  GenerationId generation;
  std::string caller;
  Webhook webhook;
};

struct PayloadRules {
  std::size_t max_bytes = 0;  // beyond it a link stands for the output
  std::string public_url;     // in front of links; "": they are relative
  // Of the form that the webhook asks for; nullptr: ours.
  const BodyForm* form = nullptr;
};

// The message of an ended generation; nullopt where the webhook does not ask for this end, or there is none.
// Its id follows from the generation's, so whoever makes it, and however often, makes the same one. Pure.
[[nodiscard]] std::optional<Message> message_of(const Hook& hook, const GenerationRecord& record,
                                                const PayloadRules& rules,
                                                const GenerationRequest* request = nullptr,
                                                std::string_view logs = {});
// The `number`th message, from 1, of a generation that goes on. Only in a form of another API. Pure.
[[nodiscard]] Message news_of(const Hook& hook, const Told& told, const PayloadRules& rules,
                              std::string_view type, std::uint64_t number);
[[nodiscard]] std::string message_id_of(const GenerationId& generation);

// A message that tells of nothing.
[[nodiscard]] Message test_message(std::string id, std::string caller, std::string url, WallTime now);

}  // namespace shunt::webhooks
