#include "routes/submit_answer.hpp"

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
  if (exchange.key == nullptr || exchange.key->may_use(name)) return {};
  return invalid_field("/model",
                       "this key may not use the model \"" + excerpt(name) +
                           "\"; GET /v1/models lists those that it may",
                       problem_code::kModelForbidden)
      .with("received", excerpt(name));
}

Result<std::shared_ptr<const Model>> usable_model(const Exchange& exchange, std::string_view name) {
  // Before the look-up, so that nobody learns by the difference which models there are.
  if (auto permitted = check_model_permission(exchange, name); !permitted)
    return std::move(permitted).error();
  if (auto model = exchange.service.models.find(name)) return model;
  boost::json::array known;
  for (const auto& [model_name, model] : exchange.service.models.all()) {
    if (exchange.key == nullptr || exchange.key->may_use(model_name))
      known.emplace_back(boost::json::string_view(model_name));
  }
  return unknown_model(name, std::move(known));
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
