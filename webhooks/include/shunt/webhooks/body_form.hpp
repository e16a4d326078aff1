#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "shunt/generation/envelope.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// What a message tells.
struct Told {
  const GenerationRecord& record;
  const GenerationRequest* request = nullptr;  // nullptr: known no longer
  std::string_view logs{};                     // the last of its lines, for those who asked for them
};

// How another API tells of a generation. Pure; any thread.
struct BodyForm {
  // Called again with a record without text and result where the body was too long.
  std::function<std::string(const Told& told)> body;
  // What that API calls the end; nullptr: as we do (type_of).
  std::function<std::string(const GenerationRecord& record)> end_name{};
};
using BodyForms = std::map<std::string, BodyForm, std::less<>>;  // by Webhook::form

}  // namespace shunt::webhooks
