#include <algorithm>

#include "artifact_response.hpp"
#include "event_stream.hpp"
#include "generation_body.hpp"
#include "handlers.hpp"
#include "representation.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api {
namespace {

// What is decided before the generation runs.
struct Plan {
  GenerationRequest request;
  Representation representation = Representation::kRecord;
  WhenClientGoes when_client_goes = WhenClientGoes::kCancel;
};

Error unknown_model(const ModelRegistry& models, std::string_view name) {
  boost::json::array known;
  for (const auto& [model_name, model] : models.all())
    known.emplace_back(boost::json::string_view(model_name));
  return invalid_field("/model", "there is no model \"" + std::string(name) + '"', error_code::kUnknownModel)
      .with("known", std::move(known));
}

Error not_acceptable(const std::vector<std::string>& produces) {
  boost::json::array available{boost::json::string_view(kJsonType),
                               boost::json::string_view(kEventStreamType)};
  for (const std::string& type : produces) available.emplace_back(boost::json::string_view(type));
  return Error{std::string(problem_code::kNotAcceptable), "this model produces nothing that Accept allows"}
      .with("available", std::move(available));
}

Result<Plan> make_plan(const Exchange& exchange) {
  auto body = decode_generation_body(exchange.request, exchange.service.options.max_json_depth);
  if (!body) return std::move(body).error();
  Plan plan{.request = std::move(body->request)};
  if (exchange.caller != nullptr) plan.request.caller = *exchange.caller;
  const Model* const model = exchange.service.models.find(plan.request.model);
  if (model == nullptr) return unknown_model(exchange.service.models, plan.request.model);
  if (model->on_disconnect == OnDisconnect::kContinue) plan.when_client_goes = WhenClientGoes::kContinue;
  if (body->stream) {
    plan.representation = Representation::kEventStream;
    return plan;
  }
  const std::string accept = exchange.request.headers.joined("Accept");
  const auto chosen = choose_representation(AcceptList(accept), model->produces);
  if (!chosen) return not_acceptable(model->produces);
  plan.representation = *chosen;
  return plan;
}

void answer_refused(Exchange& exchange, const executor::Refused& refused) {
  exchange.response.set_problem(refused.error);
  if (refused.retry_after) exchange.response.set_retry_after(*refused.retry_after);
}

void answer_unknown(Exchange& exchange, const executor::Unknown& unknown) {
  const std::string link = generation_link(unknown.id);
  exchange.response.set_problem(Error{std::string(problem_code::kSubmitUnknown),
                                      "it is not known whether the generation was taken (" +
                                          unknown.error.message + "): look it up before you send it again"}
                                    .with("generation_id", unknown.id.to_string())
                                    .with("cause", unknown.error.code),
                                {.instance = link});
  exchange.response.add_header("Location", link);
  exchange.response.add_header("Shunt-Generation-Id", unknown.id.to_string());
}

// The client waits with its sending side open, closed (it may be gone: believed for the grace), or is gone.
class Patience {
 public:
  explicit Patience(Exchange& exchange) : exchange_(exchange) { exchange_.client.clear_deadline(); }

  [[nodiscard]] bool client_gone() {
    ClientSocket& client = exchange_.client;
    if (client.broken() || client.expired()) return true;
    if (client.ended() && !counting_) {
      counting_ = true;
      client.set_deadline(exchange_.service.options.half_close_grace);
    }
    return false;
  }

 private:
  Exchange& exchange_;
  bool counting_ = false;
};

// Waits for the terminal event. False: the client has gone before.
Task<bool> wait_for_end(Exchange& exchange, EventWatch& watch) {
  ClientSocket& client = exchange.client;
  if (!client.send_now()) {  // responses to requests before this one
    const bool sent = co_await client.flush();
    if (!sent) co_return false;
  }
  client.release_buffers();
  Patience patience(exchange);
  const auto wake = client.remote_wake();
  for (;;) {
    (void)watch.read();
    if (watch.ended()) break;
    if (patience.client_gone()) co_return false;
    watch.on_ready(wake);
    client.watch();
    co_await client.wake();
  }
  client.clear_deadline();
  co_return true;
}

// The ended generation; nullopt: the client has gone, or the response has been made a problem.
Task<std::optional<GenerationRecord>> ended_record(Exchange& exchange, GenerationId id,
                                                   WhenClientGoes when_client_goes) {
  auto record = co_await find_visible(exchange, id);
  if (!record || is_terminal(record->state)) co_return record;
  auto pending = answer_of<Result<executor::WatchOutcome>>(exchange.client, [&](auto done) {
    exchange.service.executor.watch(id, {.only_terminal = true}, std::move(done));
  });
  auto answer = co_await pending;
  if (!answer) {
    exchange.response.set_problem(answer.error(), {.instance = generation_link(id)});
    co_return std::nullopt;
  }
  if (auto* const watch = std::get_if<std::unique_ptr<EventWatch>>(&*answer)) {
    const bool ended = co_await wait_for_end(exchange, **watch);
    if (!ended) {
      if (when_client_goes == WhenClientGoes::kCancel) co_await cancel_abandoned(exchange, id);
      exchange.client.abort();
      co_return std::nullopt;
    }
  }
  auto found = co_await find_visible(exchange, id);
  co_return found;
}

void answer_failed(Exchange& exchange, const GenerationRecord& record) {
  const std::string link = generation_link(record.id);
  Error error{std::string(problem_code::kCancelled), "the generation was cancelled: " + record.cancel_reason};
  if (record.error) error = *record.error;
  exchange.response.set_problem(error, {.instance = link, .generation = &record});
}

void answer_with_artifact(Exchange& exchange, const GenerationRecord& record) {
  const std::string header = exchange.request.headers.joined("Accept");
  const AcceptList accept(header);
  if (const Artifact* const artifact = choose_artifact(accept, record.artifacts)) {
    answer_with_bytes(exchange, record.id, *artifact);
  } else if (accept.fit(kJsonType).acceptable()) {
    answer_with_record(exchange, 200, record);
  } else {
    std::vector<std::string> produced;
    for (const Artifact& other : record.artifacts) produced.push_back(other.media_type);
    exchange.response.set_problem(not_acceptable(produced),
                                  {.instance = generation_link(record.id), .generation = &record});
  }
}

void answer_ended(Exchange& exchange, const GenerationRecord& record, Representation representation) {
  if (record.state != GenerationState::kSucceeded) return answer_failed(exchange, record);
  switch (representation) {
    case Representation::kArtifact:
      return answer_with_artifact(exchange, record);
    case Representation::kText:
      exchange.response.status = 200;
      exchange.response.content_type = "text/plain; charset=utf-8";
      exchange.response.body = record.text;
      return;
    case Representation::kRecord:
    case Representation::kEventStream:
      return answer_with_record(exchange, 200, record);
  }
}

}  // namespace

Task<void> create_generation(Exchange& exchange) {
  auto plan = make_plan(exchange);
  if (!plan) {
    exchange.response.set_problem(plan.error());
    co_return;
  }
  auto pending = answer_of<executor::SubmitOutcome>(exchange.client, [&](auto done) {
    exchange.service.executor.submit(std::move(plan->request), std::move(done));
  });
  const executor::SubmitOutcome outcome = co_await pending;
  if (const auto* const refused = std::get_if<executor::Refused>(&outcome)) {
    answer_refused(exchange, *refused);
    co_return;
  }
  if (const auto* const unknown = std::get_if<executor::Unknown>(&outcome)) {
    answer_unknown(exchange, *unknown);
    co_return;
  }
  const auto& accepted = std::get<executor::Accepted>(outcome);
  const std::string link = generation_link(accepted.id);
  exchange.response.add_header("Location", link);
  exchange.response.add_header("Shunt-Generation-Id", std::string_view(link).substr(link.rfind('/') + 1));
  // Somebody else may be waiting for a generation that this request has only joined.
  if (accepted.replayed) {
    exchange.response.add_header("Idempotency-Replayed", "true");
    plan->when_client_goes = WhenClientGoes::kContinue;
  }
  if (plan->representation == Representation::kEventStream) {
    co_await send_event_stream(exchange, accepted.id, 0, plan->when_client_goes);
    co_return;
  }
  const auto record = co_await ended_record(exchange, accepted.id, plan->when_client_goes);
  if (record) answer_ended(exchange, *record, plan->representation);
}

}  // namespace shunt::api
