// Carries out what a dialect's endpoint describes.
#include "routes/batches.hpp"
#include "routes/dialect_context.hpp"
#include "routes/dialect_files.hpp"
#include "routes/event_stream.hpp"
#include "routes/handlers.hpp"
#include "routes/wait_for_generation.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api {
namespace {

namespace endpoint = dialects::endpoint;

// Of the requests of a list; the last one of them may go beyond it.
constexpr std::size_t kPageBytes = 1024UL * 1024;

Error no_such_id(std::string_view id) {
  return Error{error_code::kGenerationUnknown, "there is nothing of the id \"" + excerpt(id) + '"'};
}

// nullopt: the response has been made a problem.
http::Task<std::optional<LookedUp>> look(Exchange& exchange, std::optional<GenerationId> id) {
  if (!id) {
    set_problem(exchange.response, no_such_id(exchange.route.parameters[0]));
    co_return std::nullopt;
  }
  auto record = co_await find_visible(exchange, *id);
  if (!record) co_return std::nullopt;
  auto asking = asked_for(exchange, *id);
  auto request = co_await asking;
  if (!request) {
    set_problem(exchange.response, request.error());
    co_return std::nullopt;
  }
  co_return LookedUp{std::move(*record), std::move(*request)};
}

http::Task<void> show(Exchange& exchange, const endpoint::Show& show) {
  const auto context = context_of(exchange);
  const auto wanted = show.read_query(context);
  if (!wanted) {
    set_problem(exchange.response, wanted.error());
    co_return;
  }
  auto looking = look(exchange, show.id_of(context.path[0]));
  auto found = co_await looking;
  if (!found) co_return;
  if (show.refusal != nullptr) {
    if (const auto refused = show.refusal(found->stored())) {
      set_problem(exchange.response, *refused);
      co_return;
    }
  }
  const auto rendering = show.make_rendering(context, found->stored(), *wanted);
  const GenerationId id = found->record.id;
  exchange.response.set_header(kRequestIdHeader, id.to_string());
  rendering->begin(exchange.response, id);
  if (wanted->streams && !exchange.request.head()) {
    found.reset();
    drop_body(exchange);
    // Whoever reads is not the one who asked for the generation: that they leave stops nothing.
    co_await send_event_stream(exchange, id, nullptr, 0, WhenClientGoes::kContinue, rendering.get());
  } else if (is_terminal(found->record.state)) {
    auto record = std::make_shared<const GenerationRecord>(std::move(found->record));
    auto answering = answer_ended_call(exchange, std::move(record), *rendering);
    co_await answering;
  } else {
    auto informing = inform_rendering(exchange, found->record, *rendering);
    co_await informing;
    if (!rendering->answer_pending(exchange.response, found->record))
      set_problem(exchange.response, {problem_code::kNotEnded, "it has not ended"});
  }
}

// The record as it ends, or as it is when the time is over.
http::Task<GenerationRecord> settled(Exchange& exchange, GenerationRecord record,
                                     std::chrono::milliseconds limit) {
  auto watching = watch_generation(exchange, record.id, {});
  auto watch = co_await watching;
  if (!watch || !*watch) co_return record;
  auto waiting = wait_for_end(exchange, **watch, limit);
  const WaitEnd end = co_await waiting;
  if (end != WaitEnd::kEnded) co_return record;
  if (const auto ended = (*watch)->record_at_end()) co_return *ended;
  co_return record;
}

http::Task<void> cancel(Exchange& exchange, const endpoint::Cancel& cancel) {
  const auto context = context_of(exchange);
  auto looking = look(exchange, cancel.id_of(context.path[0]));
  auto found = co_await looking;
  if (!found) co_return;
  if (const auto refused = cancel.refusal(found->stored())) {
    set_problem(exchange.response, *refused);
    co_return;
  }
  auto pending = answer_of<Result<executor::CancelOutcome>>(exchange.client, [&](auto done) {
    exchange.service.executor.cancel(found->record.id, "cancelled by its caller", std::move(done));
  });
  auto answer = co_await pending;
  if (!answer) {
    set_problem(exchange.response, answer.error());
    co_return;
  }
  auto* const record = std::get_if<GenerationRecord>(&*answer);
  if (record == nullptr) {  // evicted between the two steps: the look-up says so
    (void)co_await find_visible(exchange, found->record.id);
    co_return;
  }
  found->record = std::move(*record);
  if (!is_terminal(found->record.state) && cancel.settles_in.count() > 0) {
    auto settling = settled(exchange, std::move(found->record), cancel.settles_in);
    found->record = co_await settling;
  }
  cancel.answer(exchange.response, context, found->stored());
}

http::Task<void> remove(Exchange& exchange, const endpoint::Remove& remove) {
  auto looking = look(exchange, remove.id_of(exchange.route.parameters[0]));
  const auto found = co_await looking;
  if (!found) co_return;
  if (remove.refusal != nullptr) {
    if (const auto refused = remove.refusal(found->stored())) {
      set_problem(exchange.response, *refused);
      co_return;
    }
  }
  auto removing = answer_of<Result<executor::RemoveOutcome>>(exchange.client, [&](auto done) {
    exchange.service.executor.remove(found->record.id, std::move(done));
  });
  const auto answer = co_await removing;
  if (!answer) {
    set_problem(exchange.response, answer.error());
  } else if (std::holds_alternative<executor::NotEnded>(*answer)) {
    set_problem(exchange.response,
                {problem_code::kNotEnded, "it has not ended: cancel it, or wait, before it is removed"});
  } else {
    remove.answer(exchange.response, found->record);
  }
}

http::Task<void> list(Exchange& exchange, const endpoint::List& list) {
  const auto context = context_of(exchange);
  const auto wanted = list.read_query(context);
  if (!wanted) {
    set_problem(exchange.response, wanted.error());
    co_return;
  }
  ListQuery query;
  query.limit = wanted->limit;
  query.before = wanted->before;
  if (!wanted->model.empty()) query.model = wanted->model;
  if (exchange.key != nullptr) query.caller = exchange.key->caller();
  auto pending = answer_of<Result<executor::RecordPage>>(
      exchange.client, [&](auto done) { exchange.service.executor.list(query, std::move(done)); });
  auto page = co_await pending;
  if (!page) {
    set_problem(exchange.response, page.error());
    co_return;
  }
  std::vector<LookedUp> looked;
  std::size_t bytes = 0;
  for (GenerationRecord& record : page->records) {
    auto asking = asked_for(exchange, record.id);
    auto request = co_await asking;
    const bool no_room = !request && request.error().code == error_code::kOverloaded;
    if (no_room && looked.empty()) {
      set_problem(exchange.response, request.error());
      co_return;
    }
    // What is left is on the next page.
    if (no_room || bytes >= kPageBytes) {
      page->next = looked.back().record.id;
      break;
    }
    if (!request) request = std::optional<GenerationRequest>();  // one of them does not spoil the page
    if (*request) bytes += held_request_memory(**request);
    looked.push_back({std::move(record), std::move(*request)});
  }
  std::vector<dialects::Stored> stored;
  for (const LookedUp& each : looked) stored.push_back(each.stored());
  list.answer(exchange.response, context, stored, page->next);
}

http::Task<void> tell(Exchange& exchange, const endpoint::Tell& tell) {
  const auto models = usable_models(exchange);
  if (const auto told = tell.answer(exchange.response, context_of(exchange), models); !told)
    set_problem(exchange.response, told.error());
  co_return;
}

}  // namespace

http::Task<void> serve_dialect(Exchange& exchange) {
  const dialects::Endpoint& wanted = *exchange.route.route->endpoint;
  if (const auto* const run = std::get_if<endpoint::Run>(&wanted)) return run_call(exchange, *run);
  if (const auto* const one = std::get_if<endpoint::Show>(&wanted)) return show(exchange, *one);
  if (const auto* const one = std::get_if<endpoint::Cancel>(&wanted)) return cancel(exchange, *one);
  if (const auto* const one = std::get_if<endpoint::Remove>(&wanted)) return remove(exchange, *one);
  if (const auto* const page = std::get_if<endpoint::List>(&wanted)) return list(exchange, *page);
  if (const auto* const upload = std::get_if<endpoint::UploadFile>(&wanted))
    return upload_dialect_file(exchange, *upload);
  if (const auto* const one = std::get_if<endpoint::ShowFile>(&wanted))
    return show_dialect_file(exchange, *one);
  if (const auto* const all = std::get_if<endpoint::ListFiles>(&wanted))
    return list_dialect_files(exchange, *all);
  if (const auto* const one = std::get_if<endpoint::RemoveFile>(&wanted))
    return remove_dialect_file(exchange, *one);
  if (std::holds_alternative<endpoint::ShowArtifact>(wanted)) return get_artifact(exchange);
  if (const auto* const batches = std::get_if<endpoint::Batches>(&wanted))
    return serve_batches(exchange, *batches);
  return tell(exchange, std::get<endpoint::Tell>(wanted));
}

}  // namespace shunt::api
