#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "representation/decoding_memory.hpp"
#include "representation/problem.hpp"
#include "service/service.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/api/request_tracer.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/http/server/application.hpp"
#include "shunt/http/server/request.hpp"
#include "shunt/http/server/response.hpp"
#include "shunt/http/server/task.hpp"
#include "surface/route_table.hpp"

namespace shunt::api {

// One request and the response it is to get, as a handler sees them. Lives on the connection's coroutine for
// as long as the request does.
struct Exchange {
  Service& service;
  http::ClientSocket& client;
  http::Request& request;  // for its body, which may go once it has been decoded
  const http::RequestTarget& target;
  const RouteMatch& route;
  const HttpServerOptions& options;  // of the request's beginning
  // Whose generations may be seen and which models may be used; nullptr without authentication.
  const Key* key;
  const std::string& date;  // the shard's, which is another text a second later

  http::Response& response;
  MemoryReservation& memory;  // of the request
  MemoryReservation& answer_memory;
  bool& streamed;                    // the handler has sent the response itself
  http::BodyStream* body = nullptr;  // of a form
  std::optional<Key::BodyShare>& body_share;
  bool tells_all = true;  // whether /readyz may: a key with the scope for it, or no keys at all
  std::unique_ptr<RequestTrace> trace = {};
  std::optional<RepeatedPost> repeated = {};  // of a POST that an equal one may join
};

// Before a request is submitted: begins its trace, if the service traces.
void begin_trace(Exchange& exchange, GenerationRequest& request);

// Starts something that answers through a callback and waits for the answer. `start` gets the callback.
template <typename T, typename Start>
[[nodiscard]] http::Task<T> answer_of(http::ClientSocket& client, Start start) {
  std::optional<T> slot;
  start(client.deliver_to(slot));
  while (!slot) co_await client.wake();
  co_return std::move(*slot);
}

// Finds a generation that the caller may see; otherwise the response has been made a problem: not found (also
// when it is another caller's), gone, or the executor's error.
[[nodiscard]] http::Task<std::optional<GenerationRecord>> find_visible(Exchange& exchange, GenerationId id);
// Its two halves, for who looks at the executor's answer first. `found` is not GenerationGone.
[[nodiscard]] std::optional<GenerationRecord> visible_record(Exchange& exchange, const GenerationId& id,
                                                             Result<executor::FindOutcome> found);
// Makes the response the problem that one which is gone is to the caller: gone if it was the caller's own.
// Answers 410 to the owner. To all others it answers as if the generation had never been: whose it was is not
// theirs to know.
[[nodiscard]] http::Task<void> tell_gone(Exchange& exchange, GenerationId id);

// The {id} of the path; nullopt: the response has been made a problem.
[[nodiscard]] std::optional<GenerationId> id_of_path(Exchange& exchange);

[[nodiscard]] std::string generation_link(const GenerationId& id);

// Reserves what decoding the body may take, until drop_body(). False: the response has been made a problem.
[[nodiscard]] bool reserve_decoding(Exchange& exchange, Decoding how = Decoding::kAsItIs);
// The same of a request that was stored, and of what is made of one for a new one.
[[nodiscard]] Result<void> reserve_held(Exchange& exchange, const GenerationRequest& request);
[[nodiscard]] Result<void> reserve_stored(Exchange& exchange, const GenerationRequest& request);
void drop_body(Exchange& exchange);

// Before an answer of about so many bytes is made, which is work too. False: the response has been made a
// problem, as there is no room while others are unread. An answer larger than the whole share is made while
// it is the only one.
[[nodiscard]] bool reserve_answer(Exchange& exchange, std::size_t bytes);

// The record as JSON.
void answer_with_record(Exchange& exchange, int status, const GenerationRecord& record);

// For a record that was answered because its generation goes on: a member that tells whoever reads it what it
// waits for.
void add_no_worker_hint(Exchange& exchange);

// Whether Accept lets us answer with `media_type`; if not, the response has been made a problem.
[[nodiscard]] bool accepts(Exchange& exchange, std::string_view media_type);

// A query parameter that is not known or has no such value. `expected` follows "must be".
[[nodiscard]] Error bad_parameter(std::string_view name, std::string_view expected,
                                  const std::string& received);

}  // namespace shunt::api
