#include "routes/submit_answer.hpp"

#include "admission/usable_model.hpp"
#include "representation/representation.hpp"
#include "routes/handlers.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::api {
namespace {

void add_place(http::Response& response, const GenerationId& id) {
  response.add_header("Location", generation_link(id));
  response.add_header("Shunt-Generation-Id", id.to_string());
}

void answer_unknown(Exchange& exchange, const executor::Unknown& unknown) {
  const std::string link = generation_link(unknown.id);
  const bool has_key = exchange.request.headers.has("Idempotency-Key");
  Error error{problem_code::kSubmitUnknown,
              "it is not known whether the generation was taken (" + unknown.error.message + "): " +
                  (has_key ? "send the request again with the same Idempotency-Key, or look the generation up"
                           : "look it up before you send it again; an Idempotency-Key makes that safe"),
              retryable_if(has_key)};
  set_problem(
      exchange.response,
      std::move(error).with("generation_id", unknown.id.to_string()).with("cause", unknown.error.code),
      {.instance = link});
  add_place(exchange.response, unknown.id);
  exchange.response.set_retry_after(kLookAgainAfter);
}

}  // namespace

Result<void> check_model_permission(const Exchange& exchange, std::string_view name) {
  return check_model_permission(exchange.key, name);
}

Result<std::shared_ptr<const Model>> usable_model(const Exchange& exchange, std::string_view name) {
  return usable_model(exchange.service.models, exchange.key, name);
}

executor::Accepted* answer_submitted(Exchange& exchange, executor::SubmitOutcome& outcome) {
  if (const auto* const refused = std::get_if<executor::Refused>(&outcome)) {
    set_problem(exchange.response, refused->error);
    if (refused->retry_after) exchange.response.set_retry_after(*refused->retry_after);
    return nullptr;
  }
  if (const auto* const unknown = std::get_if<executor::Unknown>(&outcome)) {
    answer_unknown(exchange, *unknown);
    return nullptr;
  }
  auto& accepted = std::get<executor::Accepted>(outcome);
  add_place(exchange.response, accepted.id);
  if (accepted.replayed) exchange.response.add_header("Idempotency-Replayed", "true");
  return &accepted;
}

}  // namespace shunt::api
