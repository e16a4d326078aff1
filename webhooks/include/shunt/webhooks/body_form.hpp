#pragma once

#include <functional>
#include <map>
#include <string>

#include "shunt/generation/envelope.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// Writes the body of the message about an ended generation as another API has it. `request` is nullptr where
// it is known no longer. Called again with a record without text and result where the body was too long.
// Pure; any thread.
using BodyForm = std::function<std::string(const GenerationRecord& record, const GenerationRequest* request)>;
using BodyForms = std::map<std::string, BodyForm, std::less<>>;  // by Webhook::form

}  // namespace shunt::webhooks
