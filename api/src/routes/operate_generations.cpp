// Routes of those who operate the service: asking for the same again, removing what has ended.
#include "representation/generation_body.hpp"
#include "representation/representation.hpp"
#include "routes/executor_choice.hpp"
#include "routes/given_files.hpp"
#include "routes/handlers.hpp"
#include "routes/submit_answer.hpp"
#include "routes/webhook_choice.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api {
namespace {

Error request_forgotten(const GenerationId& id) {
  return {problem_code::kRequestForgotten, "the input of generation \"" + id.to_string() +
                                               "\" is kept no longer, so it cannot be asked again"};
}

Error not_ended(const GenerationId& id, std::string_view what) {
  return {problem_code::kNotEnded, "generation \"" + id.to_string() +
                                       "\" has not ended: cancel it, or wait, before it is " +
                                       std::string(what)};
}

// A broken record cannot tell whose it is as others do: whoever may change the service itself removes any.
// Without keys everybody is one caller.
std::optional<std::string> whose_broken_records(const Exchange& exchange) {
  if (exchange.key == nullptr || exchange.key->has(Scope::kAdmin)) return std::nullopt;
  return exchange.key->caller();
}

void answer_removed(Exchange& exchange, const GenerationId& id,
                    const Result<executor::RemoveOutcome>& answer) {
  if (!answer) {
    set_problem(exchange.response, answer.error(), {.instance = generation_link(id)});
  } else if (std::holds_alternative<executor::NotEnded>(*answer)) {
    set_problem(exchange.response, not_ended(id, "removed"), {.instance = generation_link(id)});
  } else {
    // Also when somebody else has removed it since: it is not there any more.
    exchange.response.status = 204;
  }
}

// What a look-up says by now: the generation has gone since it was found.
http::Task<void> look_again(Exchange& exchange, GenerationId id) {
  const auto record = co_await find_visible(exchange, id);
  if (record) set_problem(exchange.response, request_forgotten(id), {.instance = generation_link(id)});
}

}  // namespace

http::Task<void> retry_generation(Exchange& exchange) {
  const auto id = id_of_path(exchange);
  if (!id || !accepts(exchange, kJsonType)) co_return;
  const auto before = co_await find_visible(exchange, *id);
  if (!before) co_return;
  if (!is_terminal(before->state)) {
    set_problem(exchange.response, not_ended(*id, "tried again"), {.instance = generation_link(*id)});
    co_return;
  }
  auto asking = answer_of<Result<executor::RequestOutcome>>(
      exchange.client, [&](auto done) { exchange.service.executor.request_of(*id, std::move(done)); });
  auto answer = co_await asking;
  if (!answer) {
    set_problem(exchange.response, answer.error(), {.instance = generation_link(*id)});
    co_return;
  }
  auto* const request = std::get_if<GenerationRequest>(&*answer);
  if (request == nullptr) {
    co_await look_again(exchange, *id);
    co_return;
  }
  Result<void> read = reserve_held(exchange, *request);
  if (read) read = read_request_headers(exchange.request.headers, *request);
  if (!read) {
    set_problem(exchange.response, read.error());
    co_return;
  }
  if (auto chosen = choose_executor(exchange, *request); !chosen) {
    set_problem(exchange.response, chosen.error());
    co_return;
  }
  request->respond_async = true;
  if (exchange.key != nullptr) request->max_open = exchange.key->max_open();
  // Whoever asks is the caller, whatever the stored request says.
  request->caller = before->caller;
  if (const auto permitted = check_model_permission(exchange, request->model); !permitted) {
    set_problem(exchange.response, permitted.error(), {.instance = generation_link(*id)});
    co_return;
  }
  auto webhook = choose_webhook(exchange, std::nullopt);
  if (!webhook) {
    set_problem(exchange.response, webhook.error());
    co_return;
  }
  if (!request->files.empty()) {
    auto holding = hold_files_again(exchange, *request);
    const Result<void> held = co_await holding;
    if (!held) {
      set_problem(exchange.response, held.error(), {.instance = generation_link(*id)});
      co_return;
    }
  }
  begin_trace(exchange, *request);
  auto submitting = answer_of<executor::SubmitOutcome>(exchange.client, [&](auto done) {
    exchange.service.executor.submit(std::move(*request), std::move(done));
  });
  executor::SubmitOutcome outcome = co_await submitting;
  if (exchange.trace) exchange.trace->submitted(outcome);
  const executor::Accepted* const accepted = answer_submitted(exchange, outcome);
  if (accepted == nullptr) co_return;
  if (*webhook) {
    auto attaching = attach_webhook(exchange, accepted->id, std::move(**webhook));
    co_await attaching;
  }
  std::optional<GenerationRecord> record;
  if (accepted->watch) {
    record = accepted->watch->record();
  } else {
    record = co_await find_visible(exchange, accepted->id);
  }
  if (!record) co_return;
  answer_with_record(exchange, 202, *record);
  if (accepted->no_worker_yet && record->state == GenerationState::kQueued) add_no_worker_hint(exchange);
}

http::Task<void> remove_generation(Exchange& exchange) {
  const auto id = id_of_path(exchange);
  if (!id) co_return;
  auto looking = answer_of<Result<executor::FindOutcome>>(
      exchange.client, [&](auto done) { exchange.service.executor.find(*id, std::move(done)); });
  auto found = co_await looking;
  if (found && std::holds_alternative<GenerationGone>(*found)) {
    co_await tell_gone(exchange, *id);
    co_return;
  }
  if (!found && found.error().code == error_code::kBrokenRecord) {
    auto removing = answer_of<Result<executor::RemoveOutcome>>(exchange.client, [&](auto done) {
      exchange.service.executor.remove_broken(*id, whose_broken_records(exchange), std::move(done));
    });
    const auto answer = co_await removing;
    if (answer && std::holds_alternative<GenerationUnknown>(*answer)) {
      (void)visible_record(exchange, *id, executor::FindOutcome(GenerationUnknown{}));
    } else {
      answer_removed(exchange, *id, answer);
    }
    co_return;
  }
  // Also the check that it is the caller's own.
  if (!visible_record(exchange, *id, std::move(found))) co_return;
  auto removing = answer_of<Result<executor::RemoveOutcome>>(
      exchange.client, [&](auto done) { exchange.service.executor.remove(*id, std::move(done)); });
  const auto answer = co_await removing;
  answer_removed(exchange, *id, answer);
}

}  // namespace shunt::api
