#include <algorithm>
#include <memory>

#include "representation/generation_body.hpp"
#include "representation/representation.hpp"
#include "routes/artifact_response.hpp"
#include "routes/event_stream.hpp"
#include "routes/executor_choice.hpp"
#include "routes/given_files.hpp"
#include "routes/handlers.hpp"
#include "routes/submit_answer.hpp"
#include "routes/wait_for_generation.hpp"
#include "routes/wait_plan.hpp"
#include "routes/webhook_choice.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::api {
namespace {

// What is decided before the generation runs.
struct Plan {
  GenerationRequest request;
  std::shared_ptr<const Model> model{};
  Representation representation = Representation::kRecord;
  WhenClientGoes when_client_goes = WhenClientGoes::kCancel;
  WaitPlan wait = {};
  std::optional<webhooks::Webhook> webhook = {};
};

Error not_acceptable(const std::vector<std::string>& produces) {
  boost::json::array available{boost::json::string_view(kJsonType),
                               boost::json::string_view(kEventStreamType)};
  for (const std::string& type : produces) available.emplace_back(boost::json::string_view(type));
  return Error{problem_code::kNotAcceptable, "this model produces nothing that Accept allows"}.with(
      "available", std::move(available));
}

Result<Plan> make_plan(Exchange& exchange) {
  auto body = decode_generation_body(exchange.request, body_limits(exchange.options));
  if (!body) return std::move(body).error();
  Plan plan{.request = std::move(body->request)};
  if (exchange.key != nullptr) {
    plan.request.caller = exchange.key->caller();
    plan.request.max_open = exchange.key->max_open();
  }
  const auto found = usable_model(exchange, plan.request.model);
  if (!found) return found.error();
  if (auto chosen = choose_executor(exchange, plan.request); !chosen) return std::move(chosen).error();
  auto webhook = choose_webhook(exchange, body->webhook);
  if (!webhook) return std::move(webhook).error();
  plan.webhook = std::move(*webhook);
  const Model* const model = found->get();
  plan.model = *found;
  plan.wait =
      plan_wait(parse_prefer(exchange.request.headers.joined("Prefer")), exchange.options.wait_deadline);
  if (model->on_disconnect == OnDisconnect::kContinue) plan.when_client_goes = WhenClientGoes::kContinue;
  if (body->stream) {
    plan.representation = Representation::kEventStream;
    return plan;
  }
  const std::string accept = exchange.request.headers.joined("Accept");
  const auto chosen = choose_representation(http::AcceptList(accept), model->produces);
  if (!chosen) return not_acceptable(model->produces);
  plan.representation = *chosen;
  // A 202, at once or later, sends the client to any process.
  plan.request.respond_async =
      *chosen != Representation::kEventStream && plan.wait.late == WaitPlan::Late::kAccepted;
  return plan;
}

void answer_failed(Exchange& exchange, const GenerationRecord& record) {
  const std::string link = generation_link(record.id);
  Error error{problem_code::kCancelled, "the generation was cancelled: " + record.cancel_reason};
  if (record.error) error = *record.error;
  set_problem(exchange.response, error, {.instance = link, .generation = &record});
}

using EndedRecord = std::shared_ptr<const GenerationRecord>;

http::Task<void> answer_with_artifact(Exchange& exchange, EndedRecord record) {
  const std::string header = exchange.request.headers.joined("Accept");
  const http::AcceptList accept(header);
  if (const Artifact* const artifact = choose_artifact(accept, record->artifacts)) {
    // Only a name for the bytes from here on: the record may go before its reader does.
    const ArtifactPlace place = place_of(*artifact);
    const GenerationId id = record->id;
    record.reset();
    co_await answer_with_bytes(exchange, id, place);
  } else if (accept.fit(kJsonType).acceptable()) {
    answer_with_record(exchange, 200, *record);
  } else {
    std::vector<std::string> produced;
    for (const Artifact& other : record->artifacts) produced.push_back(other.media_type);
    set_problem(exchange.response, not_acceptable(produced),
                {.instance = generation_link(record->id), .generation = record.get()});
  }
}

void answer_with_text(Exchange& exchange, const std::string& text) {
  if (text.size() > http::kLargeAnswer && !reserve_answer(exchange, text.size())) return;
  exchange.response.status = 200;
  exchange.response.content_type = "text/plain; charset=utf-8";
  exchange.response.body = text;
}

http::Task<void> answer_ended(Exchange& exchange, EndedRecord record, Representation representation) {
  if (record->state != GenerationState::kSucceeded) {
    answer_failed(exchange, *record);
  } else if (representation == Representation::kArtifact) {
    co_await answer_with_artifact(exchange, std::move(record));
  } else if (representation == Representation::kText) {
    answer_with_text(exchange, record->text);
  } else {
    answer_with_record(exchange, 200, *record);
  }
}

// The generation as it stands, where there is no watch of it. It has been taken, so an executor that cannot
// say now makes no failure of it.
http::Task<GenerationRecord> pending_record(Exchange& exchange, GenerationId id, std::string_view model) {
  auto pending = answer_of<Result<executor::FindOutcome>>(
      exchange.client, [&](auto done) { exchange.service.executor.find(id, std::move(done)); });
  auto answer = co_await pending;
  if (answer) {
    if (auto* const record = std::get_if<GenerationRecord>(&*answer)) co_return std::move(*record);
  }
  GenerationRecord record;
  record.id = id;
  record.model = model;
  record.created_at = id.created_at();
  co_return record;
}

Error wait_deadline_exceeded(WaitEnd why, GenerationId id) {
  return Error{
      problem_code::kWaitDeadlineExceeded,
      std::string(why == WaitEnd::kLeaving ? "this server is shutting down before the generation has ended"
                                           : "the generation has not ended within server.wait_deadline") +
          "; it goes on: look it up at the link instead of sending the request again"}
      .with("generation_id", id.to_string());
}

// The client has waited long enough; the generation goes on, but may end at this moment.
http::Task<void> answer_pending(Exchange& exchange, const executor::Accepted& accepted, const Plan& plan,
                                std::string_view model, WaitEnd why) {
  GenerationRecord record;
  if (accepted.watch) {
    record = accepted.watch->record();
  } else {
    auto finding = pending_record(exchange, accepted.id, model);
    record = co_await finding;
  }
  if (is_terminal(record.state) && !plan.wait.at_once) {
    co_await answer_ended(exchange, std::make_shared<const GenerationRecord>(std::move(record)),
                          plan.representation);
    co_return;
  }
  exchange.response.set_retry_after(kLookAgainAfter);
  if (plan.wait.late == WaitPlan::Late::kAccepted) {
    exchange.response.add_header("Preference-Applied", plan.wait.applied_late);
    answer_with_record(exchange, 202, record);
    if (accepted.no_worker_yet && record.state == GenerationState::kQueued) add_no_worker_hint(exchange);
  } else {
    set_problem(exchange.response, wait_deadline_exceeded(why, accepted.id),
                {.instance = generation_link(accepted.id), .generation = &record});
  }
}

http::Task<void> answer_gone_client(Exchange& exchange, GenerationId id, WhenClientGoes when_client_goes) {
  if (when_client_goes == WhenClientGoes::kCancel) co_await cancel_abandoned(exchange, id);
  exchange.client.abort();
}

// Waits as planned and answers. With a watch of its own, the executor is not asked again.
http::Task<void> answer_in_time(Exchange& exchange, executor::Accepted& accepted, const Plan& plan,
                                std::string_view model) {
  if (plan.wait.at_once) {
    co_await answer_pending(exchange, accepted, plan, model, WaitEnd::kOutOfTime);
    co_return;
  }
  if (!accepted.watch) {
    auto watching = watch_generation(exchange, accepted.id, {});
    auto watch = co_await watching;
    if (!watch) {
      set_problem(exchange.response, watch.error(), {.instance = generation_link(accepted.id)});
      co_return;
    }
    accepted.watch = std::move(*watch);
  }
  EndedRecord record;
  if (accepted.watch) {
    auto waiting = wait_for_end(exchange, *accepted.watch, plan.wait.limit);
    const WaitEnd end = co_await waiting;
    if (end == WaitEnd::kClientGone) {
      co_await answer_gone_client(exchange, accepted.id, plan.when_client_goes);
      co_return;
    }
    if (end != WaitEnd::kEnded) {
      co_await answer_pending(exchange, accepted, plan, model, end);
      co_return;
    }
    record = accepted.watch->record_at_end();
  }
  if (!record) {  // evicted, or never to be watched: a look-up tells
    auto found = co_await find_visible(exchange, accepted.id);
    if (!found) co_return;
    record = std::make_shared<const GenerationRecord>(std::move(*found));
  }
  if (!plan.wait.applied.empty()) exchange.response.add_header("Preference-Applied", plan.wait.applied);
  co_await answer_ended(exchange, std::move(record), plan.representation);
}

// Whoever claimed the key first has taken its generation back in the meantime, since it did not get into the
// queue: so the key is free, and the request may come again.
void tell_taken_back(Exchange& exchange) {
  set_problem(
      exchange.response,
      queue_unavailable("the generation of this Idempotency-Key was taken back at this moment, because "
                        "it did not get into the queue"));
  exchange.response.set_retry_after(kLookAgainAfter);
}

// `form`: what came with the request; nullptr where it came as JSON.
http::Task<void> run_request(Exchange& exchange, ReceivedForm* form) {
  if (!reserve_decoding(exchange)) co_return;
  auto plan = make_plan(exchange);
  if (!plan) {
    set_problem(exchange.response, plan.error());
    co_return;
  }
  if (form != nullptr || may_name_files(*plan->model)) {
    auto taking = take_given_files(exchange, *plan->model, plan->request, form);
    const Result<void> taken = co_await taking;
    if (!taken) {
      set_problem(exchange.response, taken.error());
      co_return;
    }
  }
  const std::string model = plan->request.model;
  begin_trace(exchange, plan->request);
  auto pending = answer_of<executor::SubmitOutcome>(exchange.client, [&](auto done) {
    exchange.service.executor.submit(std::move(plan->request), std::move(done));
  });
  executor::SubmitOutcome outcome = co_await pending;
  drop_body(exchange);
  if (exchange.trace) exchange.trace->submitted(outcome);
  executor::Accepted* const accepted = answer_submitted(exchange, outcome);
  if (accepted == nullptr) co_return;
  if (plan->webhook) {
    auto attaching = attach_webhook(exchange, accepted->id, std::move(*plan->webhook));
    co_await attaching;
  }
  const bool joined = accepted->replayed;
  // Somebody else may be waiting for a generation that this request has only joined.
  if (joined) plan->when_client_goes = WhenClientGoes::kContinue;
  if (plan->representation == Representation::kEventStream) {
    co_await send_event_stream(exchange, accepted->id, std::move(accepted->watch), 0, plan->when_client_goes);
  } else {
    co_await answer_in_time(exchange, *accepted, *plan, model);
  }
  if (joined && exchange.response.status == 404) tell_taken_back(exchange);
}

}  // namespace

http::Task<void> create_generation(Exchange& exchange) {
  if (exchange.body == nullptr) {
    co_await run_request(exchange, nullptr);
    co_return;
  }
  auto receiving = receive_generation_form(exchange);
  auto form = co_await receiving;
  if (!form) co_return;
  co_await run_request(exchange, &*form);
}

}  // namespace shunt::api
