#include "server/connection.hpp"

#include <algorithm>
#include <stdexcept>

#include "admission/too_many_connections.hpp"
#include "representation/generation_body.hpp"
#include "routes/handlers.hpp"
#include "shunt/base/log.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api {
namespace {

constexpr std::size_t kMaxTargetBytes = 8 * 1024;
// Pipelined responses are written together up to here.
constexpr std::size_t kMaxUnsentBytes = 64 * 1024;
// So many pipelined requests are served before other connections have their turn.
constexpr std::size_t kMostAtOnce = 8;
// Every connection may have a body of this size without asking.
constexpr std::size_t kFreeBodyBytes = 4 * 1024;
constexpr std::chrono::seconds kOverloadedFor{1};

Error too_slow(std::string_view what, std::chrono::milliseconds limit) {
  return Error{std::string(problem_code::kRequestTimeout), "the request's " + std::string(what) +
                                                               " did not arrive within " +
                                                               std::to_string(limit.count()) + " ms"}
      .with("limit_ms", static_cast<std::int64_t>(limit.count()));
}

Error too_long(std::string_view code, std::string_view what, std::size_t limit) {
  return Error{std::string(code),
               "the " + std::string(what) + " may have at most " + std::to_string(limit) + " bytes"}
      .with("limit", static_cast<std::uint64_t>(limit));
}

http::Task<void> finished(void (*report)(Exchange&), Exchange& exchange) {
  report(exchange);
  co_return;
}

}  // namespace

Connection::Connection(http::ClientSocket& client, Service& service, const std::string& date,
                       http::Arrival arrival)
    : client_(client),
      service_(service),
      date_(date),
      arrival_(std::move(arrival)),
      live_(service.live),
      request_memory_(service.memory, MemoryShare::kRequests),
      answer_memory_(service.memory, MemoryShare::kAnswers),
      kept_memory_(service.memory, MemoryShare::kConnections) {}

http::Task<void> Connection::run() {
  Next next = Next::kRequest;
  for (std::size_t at_once = 0; next == Next::kRequest;) {
    auto served = serve_one();
    next = co_await served;
    at_once = client_.in().empty() ? 0 : at_once + 1;
    if (at_once < kMostAtOnce || next != Next::kRequest) continue;
    at_once = 0;
    co_await client_.take_turn();
  }
  if (next == Next::kLinger) {
    co_await client_.close_gently();
  } else {
    const bool sent = co_await client_.flush();
    if (sent) client_.close();
  }
}

void Connection::renew_settings() {
  if (live_.renew()) let_in_ = {};
}

void Connection::begin_request() {
  request_.clear();
  response_.clear();
  request_memory_.release();
  parser_.reset(request_);
}

std::size_t Connection::skip_empty_lines() {
  // A client may end a body with a line too many (RFC 9112, 2.2).
  std::size_t skipped = 0;
  for (; client_.in().view().starts_with("\r\n"); skipped += 2) client_.in().consume(2);
  return skipped;
}

bool Connection::limits_address() const noexcept {
  return options().max_connections_per_address > 0 && !arrival_.peer.is_unspecified();
}

// A proxy that is trusted carries the requests of many: each counts for its own client while it is under way.
std::optional<Error> Connection::count_client(const Gate& gate, http::AddressCounts::Slot& slot) {
  if (gate.key != nullptr) arrival_.slot.release();
  if (gate.key != nullptr || !limits_address()) return std::nullopt;
  const http::TrustedProxies& proxies = live_.get().proxies;
  if (!proxies.contains(arrival_.peer)) return std::nullopt;
  const std::string xff = request_.headers.joined("X-Forwarded-For");
  const auto client = proxies.client_of(arrival_.peer, xff, request_.headers.joined("Forwarded"));
  if (proxies.contains(client)) return std::nullopt;
  slot = service_.addresses->take(http::counted_address(client), options().max_connections_per_address);
  if (slot) return std::nullopt;
  return too_many_of_address(options().max_connections_per_address);
}

// Beyond the limit of connections only probes are answered, unless there is room by now.
std::optional<Error> Connection::check_room(const Gate& gate) {
  if (!arrival_.probes_only) return std::nullopt;
  if (service_.connections->taken() <= options().max_connections) {
    arrival_.probes_only = false;
    return std::nullopt;
  }
  const bool probe = gate.match.route != nullptr && gate.match.route->access == Access::kOpen;
  if (probe) return std::nullopt;
  return too_many_connections(options().max_connections);
}

Connection::Received Connection::refuse(const Error& error) {
  set_problem(response_, error);
  return Received::kRefused;
}

Connection::Received Connection::refuse_overloaded(std::string_view what) {
  response_.set_retry_after(kOverloadedFor);
  return refuse(overloaded(what));
}

// The body grows by doubling, but not beyond what the client has announced.
bool Connection::reserve_body(std::size_t limit) {
  std::string& body = request_.body;
  const std::size_t needed = body.size() + client_.in().size();
  if (needed <= body.capacity()) return true;
  const std::size_t most = std::min<std::uint64_t>(limit, request_.content_length.value_or(limit));
  const std::size_t wanted = std::min(std::max(needed, 2 * body.capacity()), std::max(needed, most));
  if (wanted > kFreeBodyBytes && !request_memory_.try_resize(wanted)) return false;
  body.reserve(wanted);
  return true;
}

// In steps, so that a connection whose requests are alike asks once.
void Connection::keep_buffers() {
  constexpr std::size_t kStep = 4096;
  client_.shrink_in();
  const std::size_t kept = request_.kept_bytes() + response_.kept_bytes() + client_.kept_bytes();
  const std::size_t counted = kept / kStep * kStep;
  // Half of the share is for connections that have nothing.
  const bool room =
      counted <= kept_memory_.bytes() || service_.memory.used(MemoryShare::kConnections) <
                                             service_.memory.capacity(MemoryShare::kConnections) / 2;
  if (room && kept_memory_.try_resize(counted)) return;
  request_ = http::Request();
  response_ = http::Response();
  parser_.reset(request_);
  client_.release_buffers();
  kept_memory_.release();
}

std::optional<Error> Connection::header_error(http::HeaderScan& scan) {
  const std::size_t limit = options().max_header_bytes;
  const http::HeaderScan::State state = scan.scan(client_.in().view());
  if (state == http::HeaderScan::State::kMalformed) {
    return Error{std::string(problem_code::kMalformedRequest),
                 "the request is not HTTP/1.1: " + std::string(scan.complaint())};
  }
  const std::size_t received =
      state == http::HeaderScan::State::kComplete ? scan.size() : client_.in().size();
  if (scan.in_request_line() && received > std::min(limit, kMaxTargetBytes)) {
    return too_long(problem_code::kTargetTooLong, "request line", std::min(limit, kMaxTargetBytes));
  }
  if (received > limit) return too_long(problem_code::kHeadersTooLarge, "header", limit);
  return std::nullopt;
}

// From here on the time counts for the whole of what is waited for: single bytes buy nobody more of it.
void Connection::wait_for(http::WaitsFor what) {
  client_.set_waits_for(what);
  client_.set_deadline(what == http::WaitsFor::kRequest ? options().idle_timeout : options().header_timeout);
}

http::Task<Connection::Received> Connection::receive_header() {
  begin_request();
  http::HeaderScan scan;
  bool started = false;
  std::size_t skipped = 0;
  wait_for(http::WaitsFor::kRequest);
  for (;;) {
    if (!started) skipped += skip_empty_lines();
    if (skipped > options().max_header_bytes) co_return Received::kNothing;
    if (!started && !client_.in().empty() && client_.in().view() != "\r") {
      started = true;
      wait_for(http::WaitsFor::kHeader);
    }
    if (started) {
      if (const auto error = header_error(scan)) co_return refuse(*error);
      if (scan.complete()) break;
    } else if (service_.draining.load(std::memory_order_relaxed)) {
      co_return Received::kNothing;
    } else {
      keep_buffers();
    }
    auto more = client_.more_input();
    const http::ClientSocket::Input input = co_await more;
    if (input == http::ClientSocket::Input::kTimeout && started) {
      co_return refuse(too_slow("header", options().header_timeout));
    }
    if (input == http::ClientSocket::Input::kNoMemory) co_return refuse_overloaded("requests");
    if (input != http::ClientSocket::Input::kData) co_return Received::kNothing;
  }
  client_.clear_deadline();
  const auto error = parser_.parse_header(client_.in().view().substr(0, scan.size()));
  client_.in().consume(scan.size());
  if (error) co_return refuse(*error);
  if (request_.headers.too_many()) {
    co_return refuse(
        Error{std::string(problem_code::kHeadersTooLarge),
              "a request may have at most " + std::to_string(http::Headers::kMaxFields) + " header fields"}
            .with("limit", static_cast<std::uint64_t>(http::Headers::kMaxFields)));
  }
  if (request_.target.size() > kMaxTargetBytes) {
    co_return refuse(too_long(problem_code::kTargetTooLong, "request target", kMaxTargetBytes));
  }
  co_return Received::kRequest;
}

http::Task<Connection::Received> Connection::receive_body(std::size_t limit) {
  const bool expects = request_.http11 && request_.headers.has("Expect");
  if (expects && client_.in().empty()) client_.out() += "HTTP/1.1 100 Continue\r\n\r\n";
  client_.set_deadline(options().body_timeout);
  for (;;) {
    if (!reserve_body(limit)) co_return refuse_overloaded("requests");
    const http::RequestParser::Fed fed = parser_.feed_body(client_.in().view(), limit);
    client_.in().consume(fed.used);
    if (fed.error) co_return refuse(*fed.error);
    if (parser_.done()) break;
    // A chunk's header or the trailers: bounded like every header.
    if (client_.in().size() > options().max_header_bytes) {
      co_return refuse(too_long(problem_code::kHeadersTooLarge, "trailer", options().max_header_bytes));
    }
    auto more = client_.more_input();
    const http::ClientSocket::Input input = co_await more;
    if (input == http::ClientSocket::Input::kTimeout)
      co_return refuse(too_slow("body", options().body_timeout));
    if (input == http::ClientSocket::Input::kNoMemory) co_return refuse_overloaded("requests");
    if (input == http::ClientSocket::Input::kEnd) {
      co_return refuse(Error{std::string(problem_code::kMalformedRequest), "the body ended early"});
    }
    if (input != http::ClientSocket::Input::kData) co_return Received::kNothing;
  }
  client_.clear_deadline();
  co_return Received::kRequest;
}

http::Task<Connection::Next> Connection::serve_one() {
  renew_settings();
  auto header = receive_header();
  Received received = co_await header;
  client_.set_busy();
  began_ = std::chrono::steady_clock::now();
  if (received == Received::kNothing) co_return Next::kClose;
  if (received == Received::kRefused) {
    send_response(false);
    count(nullptr, response_.status);
    co_return Next::kLinger;
  }
  Gate gate;
  renew_settings();
  const LiveSettings& live = live_.get();
  check_request(gate, service_.surface, live, let_in_, request_, target_, response_, began_);
  http::AddressCounts::Slot slot;
  auto full = check_room(gate);
  if (!full) full = count_client(gate, slot);
  if (full) {
    set_problem(response_, *full);
    response_.set_retry_after(kComeAgainAfter);
    response_.close = response_.close || arrival_.probes_only;
    gate.answered = true;
  }
  if (gate.answered) {
    // The body was never asked for. Where there is one, only the connection's end says where it ends.
    const bool reusable = !request_.has_body() && !request_.headers.has("Transfer-Encoding");
    const bool kept = send_response(reusable);
    count(gate.match.route, response_.status);
    co_return kept ? Next::kRequest : Next::kLinger;
  }
  if (!parser_.done()) {
    auto body = receive_body(gate.max_body_bytes);
    received = co_await body;
    if (received == Received::kNothing) co_return Next::kClose;
    if (received == Received::kRefused) {
      send_response(false);
      count(gate.match.route, response_.status);
      co_return Next::kLinger;
    }
  }
  parser_.release();
  Exchange exchange{.service = service_,
                    .client = client_,
                    .request = request_,
                    .target = target_,
                    .route = gate.match,
                    .options = live.options,
                    .key = gate.key.get(),
                    .date = date_,
                    .response = response_,
                    .memory = request_memory_,
                    .answer_memory = answer_memory_,
                    .tells_all = gate.tells_all};
  auto handled = handle(exchange);
  co_await handled;
  bool keep = !client_.broken() && request_.keep_alive && !response_.close;
  if (!exchange.streamed && !client_.broken()) keep = send_response(true);
  count(gate.match.route, response_.status);
  if (exchange.trace && !client_.broken()) exchange.trace->answered(response_.status);
  if (keep && (client_.has_tail() || client_.out().size() > kMaxUnsentBytes)) {
    auto flushed = client_.flush();
    keep = co_await flushed;
  }
  if (keep) co_return Next::kRequest;
  // Closing with unread bytes would reset the connection and could take the response with it.
  co_return client_.in().empty() ? Next::kClose : Next::kLinger;
}

http::Task<void> Connection::handle(Exchange& exchange) {
  switch (exchange.route.route->id) {
    case RouteId::kCreateGeneration:
      return create_generation(exchange);
    case RouteId::kGetGeneration:
      return get_generation(exchange);
    case RouteId::kListGenerations:
      return list_generations(exchange);
    case RouteId::kCancelGeneration:
      return cancel_generation(exchange);
    case RouteId::kRetryGeneration:
      return retry_generation(exchange);
    case RouteId::kRemoveGeneration:
      return remove_generation(exchange);
    case RouteId::kStatus:
      return report_status(exchange);
    case RouteId::kStreamEvents:
      return stream_events(exchange);
    case RouteId::kGetArtifact:
      return get_artifact(exchange);
    case RouteId::kListModels:
      return finished(list_models, exchange);
    case RouteId::kHealth:
      return finished(report_health, exchange);
    case RouteId::kReady:
      return finished(report_readiness, exchange);
    case RouteId::kMetrics:
      return finished(report_metrics, exchange);
    case RouteId::kOpenApi:
      return finished(describe_api, exchange);
    case RouteId::kRoot:
      return finished(point_the_way, exchange);
  }
  throw std::logic_error("a route without a handler");
}

bool Connection::send_response(bool keep_alive) {
  const bool large = !request_.head() && !response_.shared_body && response_.body.size() > kLargeAnswer;
  if (!large) answer_memory_.release();
  if (large && !answer_memory_.try_resize(response_.body.size()) &&
      service_.memory.used(MemoryShare::kAnswers) > answer_memory_.bytes()) {
    // The header lines stay: they say where the result is.
    std::string().swap(response_.body);
    answer_memory_.release();
    (void)refuse_overloaded("answers that their clients have not read yet");
  }
  const bool keep = keep_alive && request_.keep_alive && !response_.close &&
                    !service_.draining.load(std::memory_order_relaxed);
  http::ConnectionHeader connection = http::ConnectionHeader::kNone;
  if (!keep) connection = http::ConnectionHeader::kClose;
  if (keep && !request_.http11) connection = http::ConnectionHeader::kKeepAlive;
  http::append_head(client_.out(), response_, {.connection = connection, .date = date_});
  if (request_.head()) return keep;
  if (response_.shared_body) {
    client_.set_tail(std::move(response_.shared_body), response_.shared_offset, response_.shared_length,
                     std::move(response_.shared_memory));
  } else if (response_.body.size() > kLargeAnswer) {
    auto bytes = std::make_shared<const std::string>(std::move(response_.body));
    response_.body.clear();
    const std::size_t size = bytes->size();
    MemoryReservation memory = std::move(answer_memory_);
    answer_memory_ = MemoryReservation(service_.memory, MemoryShare::kAnswers);
    memory.resize(size);
    client_.set_tail(std::move(bytes), 0, size, std::move(memory));
  } else {
    client_.out() += response_.body;
  }
  return keep;
}

void Connection::count(const Route* route, int status) {
  const auto took = std::chrono::steady_clock::now() - began_;
  service_.metrics.request_done(route, request_.method, status, took);
  if (!log::enabled(log::Level::kDebug)) return;
  const std::string_view parent = request_.headers.get("traceparent");
  log::debug("http.request", {{"method", request_.method},
                              {"route", route == nullptr ? std::string_view("unmatched") : route->operation},
                              {"status", status},
                              {"us", std::chrono::duration_cast<std::chrono::microseconds>(took).count()},
                              {"traceparent", is_traceparent(parent) ? parent : std::string_view()}});
}

}  // namespace shunt::api
