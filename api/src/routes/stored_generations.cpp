// Routes that read or stop generations which exist already.
#include "representation/generation_body.hpp"
#include "representation/representation.hpp"
#include "representation/sse.hpp"
#include "routes/event_stream.hpp"
#include "routes/handlers.hpp"
#include "routes/wait_for_generation.hpp"
#include "routes/wait_plan.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::api {
namespace {

constexpr std::size_t kDefaultPage = 50;
constexpr std::uint64_t kLargestPage = 200;

Result<void> read_parameter(ListQuery& query, const std::string& name, const std::string& value) {
  if (name == "state") {
    query.state = parse_generation_state(value);
    if (!query.state) return bad_parameter(name, "queued, running, succeeded, failed or cancelled", value);
  } else if (name == "model") {
    query.model = value;
  } else if (name == "limit") {
    const auto limit = http::parse_unsigned(value);
    if (!limit || *limit == 0 || *limit > kLargestPage) return bad_parameter(name, "from 1 to 200", value);
    query.limit = static_cast<std::size_t>(*limit);
  } else if (name == "cursor") {
    query.before = GenerationId::parse(value);
    if (!query.before) return bad_parameter(name, "the next_cursor of an earlier page", value);
  } else {
    return bad_parameter(name, "one of state, model, limit, cursor: it is not known", value);
  }
  return {};
}

Result<ListQuery> read_list_query(const Exchange& exchange) {
  auto parameters = http::parse_query(exchange.target.query());
  if (!parameters) return std::move(parameters).error();
  ListQuery query;
  query.limit = kDefaultPage;
  if (exchange.key != nullptr) query.caller = exchange.key->caller();
  for (const auto& [name, value] : *parameters) {
    if (auto read = read_parameter(query, name, value); !read) return std::move(read).error();
  }
  return query;
}

// A page that has grown this large ends with the record that made it so; the next one goes on behind it.
constexpr std::size_t kLargestPageBytes = 128UL * 1024;

void append_page(std::string& out, const executor::RecordPage& page) {
  std::optional<GenerationId> next = page.next;
  out += "{\"generations\":[";
  for (const GenerationRecord& record : page.records) {
    if (out.back() != '[') out += ',';
    append_record_json(out, record);
    if (out.size() < kLargestPageBytes || &record == &page.records.back()) continue;
    next = record.id;
    break;
  }
  out += "],\"next_cursor\":";
  out += next ? '"' + next->to_string() + '"' : std::string("null");
  out += '}';
}

// Waits for one that has not ended. False: there is nothing to answer, as the client has gone or the response
// has been made a problem.
http::Task<bool> wait_and_look_again(Exchange& exchange, std::chrono::milliseconds limit,
                                     GenerationRecord& record) {
  auto watching = watch_generation(exchange, record.id, {});
  auto watch = co_await watching;
  if (!watch) {
    set_problem(exchange.response, watch.error(), {.instance = generation_link(record.id)});
    co_return false;
  }
  if (*watch) {
    auto waiting = wait_for_end(exchange, **watch, limit);
    const WaitEnd end = co_await waiting;
    if (end == WaitEnd::kClientGone) {
      exchange.client.abort();
      co_return false;
    }
    if (const auto ended = (*watch)->record_at_end()) {
      record = *ended;
      co_return true;
    }
  }
  auto found = co_await find_visible(exchange, record.id);
  if (found) record = std::move(*found);
  co_return found.has_value();
}

}  // namespace

http::Task<void> get_generation(Exchange& exchange) {
  const auto id = id_of_path(exchange);
  if (!id || !accepts(exchange, kJsonType)) co_return;
  auto record = co_await find_visible(exchange, *id);
  if (!record) co_return;
  const Preferences preferences = parse_prefer(exchange.request.headers.joined("Prefer"));
  if (preferences.wait) {
    const WaitPlan plan = plan_wait({.wait = preferences.wait}, exchange.options.wait_deadline);
    exchange.response.add_header("Preference-Applied", plan.applied);
    if (!is_terminal(record->state)) {
      auto waiting = wait_and_look_again(exchange, plan.limit, *record);
      const bool there = co_await waiting;
      if (!there) co_return;
    }
  }
  answer_with_record(exchange, 200, *record);
}

http::Task<void> list_generations(Exchange& exchange) {
  if (!accepts(exchange, kJsonType)) co_return;
  const auto query = read_list_query(exchange);
  if (!query) {
    set_problem(exchange.response, query.error());
    co_return;
  }
  auto pending = answer_of<Result<executor::RecordPage>>(
      exchange.client, [&](auto done) { exchange.service.executor.list(*query, std::move(done)); });
  const auto page = co_await pending;
  if (!page) {
    set_problem(exchange.response, page.error());
    co_return;
  }
  exchange.response.set_json(200);
  append_page(exchange.response.body, *page);
}

http::Task<void> cancel_generation(Exchange& exchange) {
  const auto id = id_of_path(exchange);
  if (!id || !reserve_decoding(exchange)) co_return;
  const auto reason = decode_cancel_body(exchange.request.body, body_limits(exchange.options));
  if (!reason) {
    set_problem(exchange.response, reason.error());
    co_return;
  }
  drop_body(exchange);
  // Also the check that it is the caller's own.
  const auto before = co_await find_visible(exchange, *id);
  if (!before) co_return;
  auto pending = answer_of<Result<executor::CancelOutcome>>(
      exchange.client, [&](auto done) { exchange.service.executor.cancel(*id, *reason, std::move(done)); });
  const auto answer = co_await pending;
  if (!answer) {
    set_problem(exchange.response, answer.error(), {.instance = generation_link(*id)});
    co_return;
  }
  const auto* const record = std::get_if<GenerationRecord>(&*answer);
  if (record == nullptr) {  // evicted between the two steps: the look-up says so
    (void)co_await find_visible(exchange, *id);
    co_return;
  }
  answer_with_record(exchange, is_terminal(record->state) ? 200 : 202, *record);
}

http::Task<void> stream_events(Exchange& exchange) {
  const auto id = id_of_path(exchange);
  if (!id || !accepts(exchange, kEventStreamType)) co_return;
  const auto after = parse_last_event_id(exchange.request.headers.get("Last-Event-ID"));
  if (!after) {
    set_problem(exchange.response, after.error());
    co_return;
  }
  // For as long as the stream: nothing of the record's output.
  struct Seen {
    bool terminal;
    std::uint64_t last_sequence;
  };
  std::optional<Seen> seen;
  {
    const auto record = co_await find_visible(exchange, *id);
    if (record) seen = {is_terminal(record->state), record->last_sequence};
  }
  if (!seen) co_return;
  if (*after > seen->last_sequence) {
    set_problem(exchange.response,
                Error{problem_code::kInvalidHeader, "Last-Event-ID lies beyond the stream's last event"}
                    .with("header", std::string("Last-Event-ID"))
                    .with("limit", seen->last_sequence));
    co_return;
  }
  if (seen->terminal && *after == seen->last_sequence) {
    exchange.response.status = 204;  // tells an EventSource to stop reconnecting
    co_return;
  }
  if (exchange.request.head()) {
    exchange.response.content_type = kEventStreamType;
    co_return;
  }
  // A reader of events is not the one who asked for the generation: its leaving stops nothing.
  co_await send_event_stream(exchange, *id, nullptr, *after, WhenClientGoes::kContinue);
}

}  // namespace shunt::api
