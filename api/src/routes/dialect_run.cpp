// Runs a generation for a client of another API.
#include <algorithm>
#include <map>

#include "representation/generation_body.hpp"
#include "representation/strict_body.hpp"
#include "routes/artifact_response.hpp"
#include "routes/dialect_context.hpp"
#include "routes/dialect_form.hpp"
#include "routes/event_stream.hpp"
#include "routes/executor_choice.hpp"
#include "routes/given_files.hpp"
#include "routes/repeated_call.hpp"
#include "routes/submit_answer.hpp"
#include "routes/wait_for_generation.hpp"
#include "routes/webhook_choice.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::api {
namespace {

using dialects::Call;
using EndedRecord = std::shared_ptr<const GenerationRecord>;

// What is decided before the generation runs.
struct Plan {
  Call call;
  std::optional<webhooks::Webhook> webhook{};
};

// The stored generation that the body goes on from; nullopt: there is none that the caller may see.
http::Task<Result<std::optional<LookedUp>>> look_earlier(Exchange& exchange, GenerationId id) {
  auto finding = answer_of<Result<executor::FindOutcome>>(
      exchange.client, [&](auto done) { exchange.service.executor.find(id, std::move(done)); });
  auto found = co_await finding;
  if (!found) co_return std::move(found).error();
  auto* const record = std::get_if<GenerationRecord>(&*found);
  const bool visible =
      record != nullptr && (exchange.key == nullptr || record->caller == exchange.key->caller());
  if (!visible) co_return std::optional<LookedUp>();
  auto asking = asked_for(exchange, id);
  auto request = co_await asking;
  if (!request) co_return std::move(request).error();
  co_return std::optional<LookedUp>(LookedUp{std::move(*record), std::move(*request)});
}

Result<Plan> make_plan(Exchange& exchange, const dialects::endpoint::Run& run, JsonObject body,
                       const ReceivedForm* form, const dialects::Stored* earlier) {
  dialects::CallContext context = context_of(exchange);
  context.earlier = earlier;
  if (form != nullptr) {
    for (const auto& [name, file] : form->files) context.files.push_back(name);
  }
  auto call = run.make_call(context, std::move(body));
  if (!call) return std::move(call).error();
  GenerationRequest& request = call->request;
  if (auto read = read_request_headers(exchange.request.headers, request); !read)
    return std::move(read).error();
  if (exchange.key != nullptr) {
    request.caller = exchange.key->caller();
    request.max_open = exchange.key->max_open();
  }
  if (auto chosen = choose_executor(exchange, request); !chosen) return std::move(chosen).error();
  auto webhook = choose_webhook(exchange, call->webhook, call->webhook_form);
  if (!webhook) return std::move(webhook).error();
  if (*webhook && call->webhook) {
    (*webhook)->form = call->webhook_form;
    (*webhook)->news = call->webhook_news;
    if (!call->webhook_tells_end) (*webhook)->events = webhooks::EventFilter::none();
  }
  return Plan{std::move(*call), std::move(*webhook)};
}

// Whether an equal POST may be joined, and by which rule.
std::optional<RepeatedPosts::Rule> join_rule(const Exchange& exchange, const dialects::endpoint::Run& run) {
  if (run.join == nullptr) return std::nullopt;
  // A key says more.
  if (exchange.request.headers.has("Idempotency-Key")) return std::nullopt;
  return run.join(exchange.request.headers);
}

http::Task<Result<Plan>> read_plan(Exchange& exchange, const dialects::endpoint::Run& run,
                                   const ReceivedForm* form) {
  auto body = parse_object(exchange.request.body, body_limits(exchange.options).json);
  if (!body) co_return std::move(body).error();
  const auto needed = run.needs == nullptr ? std::nullopt : run.needs(*body);
  if (!needed) co_return make_plan(exchange, run, std::move(*body), form, nullptr);
  auto looking = look_earlier(exchange, *needed);
  auto earlier = co_await looking;
  if (!earlier) co_return std::move(earlier).error();
  if (!*earlier) co_return make_plan(exchange, run, std::move(*body), form, nullptr);
  if ((*earlier)->request) {
    if (auto reserved = reserve_stored(exchange, *(*earlier)->request); !reserved)
      co_return std::move(reserved).error();
  }
  const dialects::Stored stored = (*earlier)->stored();
  co_return make_plan(exchange, run, std::move(*body), form, &stored);
}

Error still_running(GenerationId id) {
  return Error{problem_code::kWaitDeadlineExceeded,
               "the generation has not ended within server.wait_deadline; it goes on as " + id.to_string()}
      .with("generation_id", id.to_string());
}

http::Task<void> answer_pending(Exchange& exchange, GenerationId id, const EventWatch& watch, Call& call) {
  const GenerationRecord record = watch.record();
  auto informing = inform_rendering(exchange, record, *call.rendering);
  co_await informing;
  if (!call.rendering->answer_pending(exchange.response, record)) {
    set_problem(exchange.response, still_running(id));
  }
  co_return;
}

std::chrono::milliseconds wait_limit(const Exchange& exchange, const Call& call) {
  const auto deadline = exchange.options.wait_deadline;
  const auto most = deadline.count() > 0 ? deadline : std::chrono::milliseconds::max();
  return call.wait ? std::min(*call.wait, most) : most;
}

http::Task<void> answer_in_time(Exchange& exchange, GenerationId id, EventWatch& watch, Call& call,
                                WhenClientGoes when_client_goes) {
  auto waiting = wait_for_end(exchange, watch, wait_limit(exchange, call));
  const WaitEnd end = co_await waiting;
  if (end == WaitEnd::kClientGone) {
    if (when_client_goes == WhenClientGoes::kCancel) co_await cancel_abandoned(exchange, id);
    exchange.client.abort();
    co_return;
  }
  if (end != WaitEnd::kEnded) {
    co_await answer_pending(exchange, id, watch, call);
    co_return;
  }
  EndedRecord record = watch.record_at_end();
  if (!record) {  // evicted
    auto found = co_await find_visible(exchange, id);
    if (!found) co_return;
    record = std::make_shared<const GenerationRecord>(std::move(*found));
  }
  auto answering = answer_ended_call(exchange, std::move(record), *call.rendering);
  co_await answering;
}

// Answers with a generation that there is, or follows it.
http::Task<void> answer_accepted(Exchange& exchange, executor::Accepted& accepted, Call& call) {
  // Of those that have joined each other, the last that goes takes it along; of an Idempotency-Key, nobody.
  const bool shared = accepted.replayed && !exchange.repeated;
  const bool continues = call.goes_on_alone || shared || call.model->on_disconnect == OnDisconnect::kContinue;
  const auto when_client_goes = continues ? WhenClientGoes::kContinue : WhenClientGoes::kCancel;
  const GenerationId id = accepted.id;
  exchange.response.set_header(kRequestIdHeader, id.to_string());
  call.rendering->begin(exchange.response, id);
  if (!accepted.watch) {
    auto watching = watch_generation(exchange, id, {});
    auto watch = co_await watching;
    if (!watch) {
      set_problem(exchange.response, watch.error());
      co_return;
    }
    accepted.watch = std::move(*watch);
  }
  if (!accepted.watch) {  // gone since: the look-up says so
    (void)co_await find_visible(exchange, id);
  } else if (call.streams) {
    co_await send_event_stream(exchange, id, std::move(accepted.watch), 0, when_client_goes,
                               call.rendering.get());
  } else {
    auto answering = answer_in_time(exchange, id, *accepted.watch, call, when_client_goes);
    co_await answering;
  }
}

// Gives the files of a form the names of the input's members, and keeps them. What they are becomes part of
// the request's body, by which an equal POST is known. False: the response has been made a problem.
http::Task<bool> take_form_files(Exchange& exchange, Call& call, ReceivedForm& form) {
  std::map<std::string, ReceivedFile, std::less<>> files;
  for (auto& [name, file] : form.files) {
    const auto member = call.file_members.find(name);
    files.emplace(member == call.file_members.end() ? name : member->second, std::move(file));
  }
  form.files = std::move(files);
  auto taking = take_given_files(exchange, *call.model, call.request, &form, call.file_places);
  const Result<void> taken = co_await taking;
  if (!taken) set_problem(exchange.response, taken.error());
  for (const auto& [member, file] : call.request.files) {
    exchange.request.body.append("\n").append(member).append(" ").append(file.sha256);
  }
  co_return taken.ok();
}

// Takes the files, submits, and attaches the webhook. nullopt: the response has been made a problem.
http::Task<std::optional<executor::Accepted>> submit_plan(Exchange& exchange, Plan& plan) {
  Call& call = plan.call;
  if (exchange.body == nullptr && may_name_files(*call.model)) {
    auto taking = take_given_files(exchange, *call.model, call.request, nullptr, call.file_places);
    const Result<void> taken = co_await taking;
    if (!taken) {
      set_problem(exchange.response, taken.error());
      co_return std::nullopt;
    }
  }
  begin_trace(exchange, call.request);
  auto pending = answer_of<executor::SubmitOutcome>(exchange.client, [&](auto done) {
    exchange.service.executor.submit(std::move(call.request), std::move(done));
  });
  executor::SubmitOutcome outcome = co_await pending;
  drop_body(exchange);
  if (exchange.trace) exchange.trace->submitted(outcome);
  executor::Accepted* const accepted = answer_submitted(exchange, outcome);
  if (accepted == nullptr) co_return std::nullopt;
  if (exchange.repeated) exchange.repeated->accepted(accepted->id);
  if (plan.webhook) {
    auto attaching = attach_webhook(exchange, accepted->id, std::move(*plan.webhook));
    co_await attaching;
  }
  co_return std::move(*accepted);
}

// `form` may be nullptr.
http::Task<void> run_received(Exchange& exchange, const dialects::endpoint::Run& run, ReceivedForm* form) {
  if (!reserve_decoding(exchange, Decoding::kTranslated)) co_return;
  auto reading = read_plan(exchange, run, form);
  auto plan = co_await reading;
  if (!plan) {
    set_problem(exchange.response, plan.error());
    co_return;
  }
  if (form != nullptr) {
    auto keeping = take_form_files(exchange, plan->call, *form);
    const bool kept = co_await keeping;
    if (!kept) co_return;
  }
  std::optional<executor::Accepted> accepted;
  if (const auto rule = join_rule(exchange, run)) {
    auto joining = join_repeated(exchange, post_key(exchange), *rule);
    const auto joined = co_await joining;
    if (joined) {
      drop_body(exchange);
      accepted.emplace();
      accepted->id = *joined;
      accepted->replayed = true;
    }
  }
  if (!accepted) {
    auto submitting = submit_plan(exchange, *plan);
    accepted = co_await submitting;
  }
  if (!accepted) co_return;
  auto answering = answer_accepted(exchange, *accepted, plan->call);
  co_await answering;
}

}  // namespace

http::Task<void> run_call(Exchange& exchange, const dialects::endpoint::Run& run) {
  if (exchange.body == nullptr) {
    co_await run_received(exchange, run, nullptr);
    co_return;
  }
  auto receiving = receive_call_form(exchange);
  auto form = co_await receiving;
  if (!form) co_return;
  co_await run_received(exchange, run, &*form);
}

}  // namespace shunt::api
