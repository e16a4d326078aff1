#include "routes/dialect_context.hpp"

#include "routes/artifact_response.hpp"
#include "routes/submit_answer.hpp"
#include "shunt/generation/message_parts.hpp"

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

}  // namespace

dialects::CallContext context_of(Exchange& exchange) {
  return {.request = exchange.request,
          .target = exchange.target,
          .path = exchange.route.parameters,
          .base_url = "http://" + std::string(exchange.request.headers.get("Host")),
          .find_model = [&exchange](std::string_view name) { return usable_model(exchange, name); },
          .now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())};
}

http::Task<Result<std::optional<GenerationRequest>>> asked_for(Exchange& exchange, GenerationId id) {
  auto asking = answer_of<Result<executor::RequestOutcome>>(
      exchange.client, [&](auto done) { exchange.service.executor.request_of(id, std::move(done)); });
  auto answer = co_await asking;
  if (!answer) co_return std::move(answer).error();
  std::optional<GenerationRequest> request;
  if (auto* const found = std::get_if<GenerationRequest>(&*answer)) request = std::move(*found);
  co_return request;
}

http::Task<void> answer_ended_call(Exchange& exchange, std::shared_ptr<const GenerationRecord> record,
                                   dialects::Rendering& rendering) {
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
