#include "routes/dialect_context.hpp"

#include "admission/usable_model.hpp"
#include "routes/artifact_response.hpp"
#include "routes/form_receiver.hpp"
#include "routes/submit_answer.hpp"
#include "routes/wait_for_generation.hpp"
#include "shunt/generation/message_parts.hpp"
#include "shunt/webhooks/webhooks.hpp"

namespace shunt::api {
namespace {

Error error_of(const GenerationRecord& record) {
  if (record.error) return *record.error;
  return {problem_code::kCancelled, "the generation was cancelled: " + record.cancel_reason};
}

// What an answer may take: what was said and its artifacts, once as they are and once more as text.
std::size_t answer_bytes(const GenerationRecord& record, bool with_artifacts) {
  std::size_t bytes = record.text.size() + (record.parts ? said_bytes(*record.parts) : 0);
  if (!with_artifacts) return bytes;
  for (const Artifact& artifact : record.artifacts) bytes += 3 * artifact.size();
  return bytes;
}

http::Task<Result<std::vector<dialects::Bytes>>> load_artifacts(Exchange& exchange,
                                                                std::shared_ptr<const GenerationRecord> of) {
  std::vector<dialects::Bytes> loaded;
  for (const Artifact& artifact : of->artifacts) {
    auto loading = answer_of<Result<dialects::Bytes>>(
        exchange.client, [&](auto done) { exchange.service.executor.load(artifact, std::move(done)); });
    auto bytes = co_await loading;
    if (!bytes) co_return std::move(bytes).error();
    loaded.push_back(std::move(*bytes));
  }
  co_return loaded;
}

std::string base_url_of(const Exchange& exchange) {
  if (!exchange.options.public_url.empty()) {
    std::string url = exchange.options.public_url;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  const std::string_view authority =
      exchange.target.authority() ? *exchange.target.authority() : exchange.request.headers.get("Host");
  return "http://" + std::string(authority);
}

// A key's own secret is its holder's. The service's is told only where there are no keys: whoever knows it
// can sign what all others get.
Result<std::string> webhook_secret_of(const Exchange& exchange) {
  const webhooks::Webhooks* const service = exchange.service.options.webhooks;
  if (service == nullptr) {
    return Error{problem_code::kWebhooksDisabled,
                 "this service sends no webhooks, as it has nothing to sign them with: set webhooks.secrets"};
  }
  const bool own = exchange.key == nullptr || !exchange.key->config().webhook_secrets.empty();
  if (!own) {
    return Error{problem_code::kWebhooksDisabled,
                 "this key has no webhook secret of its own (webhook_secrets of the key), and the service's "
                 "is not told, since it signs what others get too: ask whoever runs this service"};
  }
  auto secret = service->shared_secret(caller_of(exchange));
  if (secret) return std::move(*secret);
  return Error{problem_code::kWebhooksDisabled,
               "webhooks are signed with an ed25519 key alone here, of which there is no secret to tell"};
}

// Its memory is not counted.
http::Task<Result<std::optional<GenerationRequest>>> stored_request(Exchange& exchange, GenerationId id) {
  auto asking = answer_of<Result<executor::RequestOutcome>>(
      exchange.client, [&](auto done) { exchange.service.executor.request_of(id, std::move(done)); });
  auto answer = co_await asking;
  if (!answer) co_return std::move(answer).error();
  std::optional<GenerationRequest> request;
  if (auto* const found = std::get_if<GenerationRequest>(&*answer)) request = std::move(*found);
  co_return request;
}

// The events that there are; of an ended generation all, which may have to be fetched first.
http::Task<void> take_events(Exchange& exchange, GenerationId id, bool ended,
                             dialects::Rendering& rendering) {
  constexpr std::chrono::seconds kPatience{5};
  auto watching = watch_generation(exchange, id, {});
  auto found = co_await watching;
  if (!found || !*found) co_return;
  EventWatch& watch = **found;
  http::ClientSocket& client = exchange.client;
  const SteadyTime until = std::chrono::steady_clock::now() + kPatience;
  while (!watch.ended() && !watch.lost()) {
    const auto events = watch.read();
    for (const GenerationEvent& event : events) rendering.take_event(event);
    if (!events.empty()) {
      co_await client.take_turn();
      continue;
    }
    const SteadyTime now = std::chrono::steady_clock::now();
    if (!ended || now >= until || client.broken()) break;
    client.set_deadline(std::chrono::ceil<std::chrono::milliseconds>(until - now));
    watch.on_ready(client.remote_wake());
    co_await client.wake();
  }
  client.clear_deadline();
}

}  // namespace

std::vector<std::shared_ptr<const Model>> usable_models(const Exchange& exchange) {
  return usable_models(exchange.service.models, exchange.key);
}

dialects::CallContext context_of(Exchange& exchange) {
  return {.request = exchange.request,
          .target = exchange.target,
          .path = exchange.route.parameters,
          .base_url = base_url_of(exchange),
          .find_model = [&exchange](std::string_view name) { return usable_model(exchange, name); },
          .now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()),
          .models = [&exchange] { return usable_models(exchange); },
          .caller = caller_of(exchange),
          .urls = &exchange.service.urls,
          .webhook_secret = [&exchange] { return webhook_secret_of(exchange); }};
}

http::Task<void> inform_rendering(Exchange& exchange, const GenerationRecord& record,
                                  dialects::Rendering& rendering) {
  const GenerationId id = record.id;
  if (rendering.wants_request()) {
    // The answer is made at once; whoever came for it alone has its memory counted already.
    auto asking = stored_request(exchange, id);
    auto request = co_await asking;
    if (request && *request) rendering.take_request(std::move(**request));
  }
  if (rendering.wants_events()) {
    auto taking = take_events(exchange, id, is_terminal(record.state), rendering);
    co_await taking;
  }
}

http::Task<Result<std::optional<GenerationRequest>>> asked_for(Exchange& exchange, GenerationId id) {
  auto asking = stored_request(exchange, id);
  auto request = co_await asking;
  if (request && *request) {
    if (auto reserved = reserve_held(exchange, **request); !reserved) co_return std::move(reserved).error();
  }
  co_return request;
}

http::Task<void> answer_ended_call(Exchange& exchange, std::shared_ptr<const GenerationRecord> record,
                                   dialects::Rendering& rendering) {
  auto informing = inform_rendering(exchange, *record, rendering);
  co_await informing;
  if (record->state != GenerationState::kSucceeded) {
    if (!rendering.answer_failed(exchange.response, *record))
      set_problem(exchange.response, error_of(*record));
    co_return;
  }
  if (const Artifact* const artifact = rendering.artifact(*record)) {
    const ArtifactPlace place = place_of(*artifact);
    const GenerationId id = record->id;
    record.reset();
    co_await answer_with_bytes(exchange, id, place);
    co_return;
  }
  const std::size_t bytes = answer_bytes(*record, rendering.wants_artifacts());
  if (bytes > http::kLargeAnswer && !reserve_answer(exchange, bytes)) co_return;
  std::vector<dialects::Bytes> artifacts;
  if (rendering.wants_artifacts()) {
    auto loading = load_artifacts(exchange, record);
    auto loaded = co_await loading;
    if (!loaded) {
      set_problem(exchange.response, loaded.error());
      co_return;
    }
    artifacts = std::move(*loaded);
  }
  rendering.answer(exchange.response, *record, artifacts);
}

}  // namespace shunt::api
