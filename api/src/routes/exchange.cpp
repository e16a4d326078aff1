#include "routes/exchange.hpp"

#include "representation/representation.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/message_parts.hpp"
#include "shunt/http/media_type.hpp"

namespace shunt::api {
namespace {

Error unknown_generation(std::string_view id) {
  return Error{error_code::kGenerationUnknown, "there is no generation \"" + excerpt(id) + '"'};
}

Error gone_generation(std::string_view id) {
  return Error{error_code::kGenerationGone,
               "generation \"" + std::string(id) + "\" has ended and is no longer kept"};
}

}  // namespace

void begin_trace(Exchange& exchange, GenerationRequest& request) {
  RequestTracer* const tracer = exchange.service.options.tracer;
  if (tracer == nullptr) return;
  const Route& route = *exchange.route.route;
  exchange.trace = tracer->begin(route.method, route.path, request);
}

http::Task<std::optional<GenerationRecord>> find_visible(Exchange& exchange, GenerationId id) {
  auto pending = answer_of<Result<executor::FindOutcome>>(
      exchange.client, [&](auto done) { exchange.service.executor.find(id, std::move(done)); });
  auto found = co_await pending;
  if (found && std::holds_alternative<GenerationGone>(*found)) {
    co_await tell_gone(exchange, id);
    co_return std::nullopt;
  }
  co_return visible_record(exchange, id, std::move(found));
}

std::optional<GenerationRecord> visible_record(Exchange& exchange, const GenerationId& id,
                                               Result<executor::FindOutcome> found) {
  if (!found) {
    set_problem(exchange.response, found.error(), {.instance = generation_link(id)});
    return std::nullopt;
  }
  auto* const record = std::get_if<GenerationRecord>(&*found);
  if (record == nullptr || (exchange.key != nullptr && record->caller != exchange.key->caller())) {
    set_problem(exchange.response, unknown_generation(id.to_string()), {.instance = generation_link(id)});
    return std::nullopt;
  }
  return std::move(*record);
}

http::Task<void> tell_gone(Exchange& exchange, GenerationId id) {
  Result<bool> callers_own = true;
  if (exchange.key != nullptr) {
    auto pending = answer_of<Result<bool>>(exchange.client, [&](auto done) {
      exchange.service.executor.was_of(id, exchange.key->caller(), std::move(done));
    });
    callers_own = co_await pending;
  }
  const Error problem = !callers_own   ? callers_own.error()
                        : *callers_own ? gone_generation(id.to_string())
                                       : unknown_generation(id.to_string());
  set_problem(exchange.response, problem, {.instance = generation_link(id)});
}

std::optional<GenerationId> id_of_path(Exchange& exchange) {
  const std::string_view text = exchange.route.parameters[0];
  const auto id = GenerationId::parse(text);
  if (!id) set_problem(exchange.response, unknown_generation(text));
  return id;
}

std::string generation_link(const GenerationId& id) {
  constexpr std::string_view kGenerations = "/v1/generations/";
  std::string link;
  link.reserve(kGenerations.size() + GenerationId::kTextSize);
  link += kGenerations;
  id.append_to(link);
  return link;
}

bool reserve_decoding(Exchange& exchange, Decoding how) {
  const std::string& body = exchange.request.body;
  if (body.size() <= kSmallBody) return true;
  const std::size_t bytes = exchange.memory.bytes() + decoding_memory(body, how);
  if (exchange.memory.try_resize(bytes)) return true;
  const std::size_t capacity = exchange.service.memory.capacity(MemoryShare::kRequests);
  if (bytes <= capacity) {
    exchange.response.set_retry_after(std::chrono::seconds(1));
    set_problem(exchange.response, overloaded("requests"));
  } else {
    set_problem(exchange.response, too_large_to_decode("this body", bytes, capacity));
  }
  return false;
}

namespace {

Result<void> reserve_more(Exchange& exchange, std::size_t more) {
  if (more <= kSmallBody || exchange.memory.try_resize(exchange.memory.bytes() + more)) return {};
  const std::size_t capacity = exchange.service.memory.capacity(MemoryShare::kRequests);
  if (more > capacity) return too_large_to_decode("what was stored", more, capacity);
  exchange.response.set_retry_after(std::chrono::seconds(1));
  return overloaded("requests");
}

}  // namespace

Result<void> reserve_held(Exchange& exchange, const GenerationRequest& request) {
  return reserve_more(exchange, held_request_memory(request));
}

Result<void> reserve_stored(Exchange& exchange, const GenerationRequest& request) {
  return reserve_more(exchange, stored_request_memory(request));
}

void drop_body(Exchange& exchange) {
  exchange.request.drop_body();
  exchange.body_share.reset();
  exchange.memory.release();
}

bool reserve_answer(Exchange& exchange, std::size_t bytes) {
  if (exchange.answer_memory.try_resize(bytes)) return true;
  if (exchange.service.memory.used(MemoryShare::kAnswers) == exchange.answer_memory.bytes()) {
    exchange.answer_memory.resize(bytes);
    return true;
  }
  exchange.response.set_retry_after(std::chrono::seconds(1));
  set_problem(exchange.response, overloaded("answers that their clients have not read yet"));
  return false;
}

void answer_with_record(Exchange& exchange, int status, const GenerationRecord& record) {
  const std::size_t said = record.text.size() + (record.parts ? said_bytes(*record.parts) : 0);
  if (said > http::kLargeAnswer && !reserve_answer(exchange, said)) return;
  exchange.response.set_json(status);
  append_record_json(exchange.response.body, record);
}

void add_no_worker_hint(Exchange& exchange) {
  std::string& body = exchange.response.body;
  if (!body.ends_with('}')) return;
  body.pop_back();
  body += R"(,"hint":"no_worker_yet"})";
}

Error bad_parameter(std::string_view name, std::string_view expected, const std::string& received) {
  return Error{problem_code::kInvalidParameter,
               "the query parameter \"" + excerpt(name) + "\" must be " + std::string(expected)}
      .with("parameter", excerpt(name))
      .with("received", excerpt(received));
}

bool accepts(Exchange& exchange, std::string_view media_type) {
  const std::string header = exchange.request.headers.joined("Accept");
  if (http::AcceptList(header).fit(media_type).acceptable()) return true;
  set_problem(exchange.response,
              Error{problem_code::kNotAcceptable,
                    "this resource is available as " + std::string(media_type) + " only"}
                  .with("available", boost::json::array{boost::json::string_view(media_type)}));
  return false;
}

}  // namespace shunt::api
