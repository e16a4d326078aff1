#include "server/connection.hpp"

#include <algorithm>
#include <utility>

#include "server/body_error.hpp"
#include "server/streamed_body.hpp"
#include "server/too_many_connections.hpp"
#include "shunt/base/overloaded.hpp"
#include "shunt/http/problem_code.hpp"

namespace shunt::http {
namespace {

constexpr std::size_t kMaxTargetBytes = 8 * 1024;
// Pipelined responses are written together up to here.
constexpr std::size_t kMaxUnsentBytes = 64 * 1024;
// A connection has this many pipelined requests served before others have their turn.
constexpr std::size_t kMostAtOnce = 8;
constexpr std::chrono::seconds kOverloadedFor{1};

}  // namespace

Connection::Connection(ClientSocket& client, ServerState& state, std::unique_ptr<RequestHandler> handler,
                       const std::string& date, Arrival arrival)
    : client_(client),
      state_(state),
      handler_(std::move(handler)),
      limits_(&handler_->renew()),
      arrival_(std::move(arrival)),
      exchange_{.client = client,
                .date = date,
                .memory = MemoryReservation(state.memory, MemoryShare::kRequests),
                .answer_memory = MemoryReservation(state.memory, MemoryShare::kAnswers)},
      kept_memory_(state.memory, MemoryShare::kConnections) {}

Task<void> Connection::run() {
  Next next = Next::kRequest;
  for (std::size_t at_once = 0; next == Next::kRequest;) {
    auto served = serve_one();
    next = co_await served;
    handler_->end();
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

void Connection::begin_request() {
  exchange_.request.clear();
  exchange_.response.clear();
  exchange_.memory.release();
  exchange_.streamed = false;
  exchange_.body = nullptr;
  parser_.reset(exchange_.request);
}

std::size_t Connection::skip_empty_lines() {
  // A client may end a body with a line too many (RFC 9112, 2.2).
  std::size_t skipped = 0;
  for (; client_.in().view().starts_with("\r\n"); skipped += 2) client_.in().consume(2);
  return skipped;
}

bool Connection::limits_address() const noexcept {
  return limits().max_connections_per_address > 0 && !arrival_.peer.is_unspecified();
}

// A proxy that is trusted carries the requests of many: each counts for its own client while it is under way.
std::optional<Error> Connection::count_client(const HeaderVerdict& verdict, AddressCounts::Slot& slot) {
  if (verdict.known) arrival_.slot.release();
  if (verdict.known || !limits_address()) return std::nullopt;
  const TrustedProxies& proxies = limits().proxies;
  if (!proxies.contains(arrival_.peer)) return std::nullopt;
  const Headers& headers = exchange_.request.headers;
  const std::string xff = headers.joined("X-Forwarded-For");
  const auto client = proxies.client_of(arrival_.peer, xff, headers.joined("Forwarded"));
  if (proxies.contains(client)) return std::nullopt;
  slot = state_.addresses->take(counted_address(client), limits().max_connections_per_address);
  if (slot) return std::nullopt;
  return too_many_of_address(limits().max_connections_per_address);
}

// Beyond the limit of connections only probes are answered, unless there is room by now.
std::optional<Error> Connection::check_room(const HeaderVerdict& verdict) {
  if (!arrival_.probes_only) return std::nullopt;
  if (state_.connections->taken() <= limits().max_connections) {
    arrival_.probes_only = false;
    return std::nullopt;
  }
  if (verdict.for_probes) return std::nullopt;
  return too_many_connections(limits().max_connections);
}

Connection::Received Connection::refuse(const Error& error) {
  handler_->refuse(exchange_.response, error);
  return Received::kRefused;
}

Connection::Received Connection::refuse_overloaded(std::string_view what) {
  exchange_.response.set_retry_after(kOverloadedFor);
  return refuse(overloaded(what));
}

// The body grows by doubling, but not beyond what the client has announced.
bool Connection::reserve_body(std::size_t limit) {
  std::string& body = exchange_.request.body;
  const std::size_t needed = body.size() + client_.in().size();
  if (needed <= body.capacity()) return true;
  const std::size_t most = std::min<std::uint64_t>(limit, exchange_.request.content_length.value_or(limit));
  const std::size_t wanted = std::min(std::max(needed, 2 * body.capacity()), std::max(needed, most));
  if (wanted > kFreeBodyBytes && !exchange_.memory.try_resize(wanted)) return false;
  body.reserve(wanted);
  return true;
}

// In steps, so that a connection whose requests are alike asks once.
void Connection::keep_buffers() {
  constexpr std::size_t kStep = 4096;
  client_.shrink_in();
  const std::size_t kept =
      exchange_.request.kept_bytes() + exchange_.response.kept_bytes() + client_.kept_bytes();
  const std::size_t counted = kept / kStep * kStep;
  // Half of the share is for connections that have nothing.
  const bool room =
      counted <= kept_memory_.bytes() ||
      state_.memory.used(MemoryShare::kConnections) < state_.memory.capacity(MemoryShare::kConnections) / 2;
  if (room && kept_memory_.try_resize(counted)) return;
  exchange_.request = Request();
  exchange_.response = Response();
  parser_.reset(exchange_.request);
  client_.release_buffers();
  kept_memory_.release();
}

std::optional<Error> Connection::header_error(HeaderScan& scan) {
  const std::size_t limit = limits().max_header_bytes;
  const HeaderScan::State state = scan.scan(client_.in().view());
  if (state == HeaderScan::State::kMalformed) {
    return Error{problem_code::kMalformedRequest,
                 "the request is not HTTP/1.1: " + std::string(scan.complaint())};
  }
  const std::size_t received = state == HeaderScan::State::kComplete ? scan.size() : client_.in().size();
  if (scan.in_request_line() && received > std::min(limit, kMaxTargetBytes)) {
    return too_long(problem_code::kTargetTooLong, "request line", std::min(limit, kMaxTargetBytes));
  }
  if (received > limit) return too_long(problem_code::kHeadersTooLarge, "header", limit);
  return std::nullopt;
}

// From here on the time counts for the whole of what is waited for: single bytes buy nobody more of it.
void Connection::wait_for(WaitsFor what) {
  client_.set_waits_for(what);
  client_.set_deadline(what == WaitsFor::kRequest ? limits().idle_timeout : limits().header_timeout);
}

Task<Connection::Received> Connection::receive_header() {
  begin_request();
  HeaderScan scan;
  bool started = false;
  std::size_t skipped = 0;
  wait_for(WaitsFor::kRequest);
  for (;;) {
    if (!started) skipped += skip_empty_lines();
    if (skipped > limits().max_header_bytes) co_return Received::kNothing;
    if (!started && !client_.in().empty() && client_.in().view() != "\r") {
      started = true;
      wait_for(WaitsFor::kHeader);
    }
    if (started) {
      if (const auto error = header_error(scan)) co_return refuse(*error);
      if (scan.complete()) break;
    } else if (state_.draining.load(std::memory_order_relaxed)) {
      co_return Received::kNothing;
    } else {
      keep_buffers();
    }
    auto more = client_.more_input();
    const ClientSocket::Input input = co_await more;
    if (input == ClientSocket::Input::kTimeout && started) {
      co_return refuse(too_slow("header", limits().header_timeout));
    }
    if (input == ClientSocket::Input::kNoMemory) co_return refuse_overloaded("requests");
    if (input != ClientSocket::Input::kData) co_return Received::kNothing;
  }
  client_.clear_deadline();
  const auto error = parser_.parse_header(client_.in().view().substr(0, scan.size()));
  client_.in().consume(scan.size());
  if (error) co_return refuse(*error);
  if (exchange_.request.headers.too_many()) {
    co_return refuse(
        Error{problem_code::kHeadersTooLarge,
              "a request may have at most " + std::to_string(Headers::kMaxFields) + " header fields"}
            .with("limit", static_cast<std::uint64_t>(Headers::kMaxFields)));
  }
  if (exchange_.request.target.size() > kMaxTargetBytes) {
    co_return refuse(too_long(problem_code::kTargetTooLong, "request target", kMaxTargetBytes));
  }
  co_return Received::kRequest;
}

void Connection::ask_for_body() {
  const bool expects = exchange_.request.http11 && exchange_.request.headers.has("Expect");
  if (expects && client_.in().empty()) client_.out() += "HTTP/1.1 100 Continue\r\n\r\n";
}

Task<Connection::Received> Connection::receive_body(std::size_t limit) {
  ask_for_body();
  client_.set_deadline(limits().body_timeout);
  for (;;) {
    if (!reserve_body(limit)) co_return refuse_overloaded("requests");
    const RequestParser::Fed fed = parser_.feed_body(client_.in().view(), limit);
    client_.in().consume(fed.used);
    if (fed.error) co_return refuse(*fed.error);
    if (parser_.done()) break;
    // A chunk's header or the trailers: bounded like every header.
    if (client_.in().size() > limits().max_header_bytes) {
      co_return refuse(trailer_too_long(limits().max_header_bytes));
    }
    auto more = client_.more_input();
    const ClientSocket::Input input = co_await more;
    if (input == ClientSocket::Input::kTimeout) co_return refuse(body_too_slow(limits().body_timeout));
    if (input == ClientSocket::Input::kNoMemory) co_return refuse_overloaded("requests");
    if (input == ClientSocket::Input::kEnd) {
      co_return refuse(Error{problem_code::kMalformedRequest, "the body ended early"});
    }
    if (input != ClientSocket::Input::kData) co_return Received::kNothing;
  }
  client_.clear_deadline();
  co_return Received::kRequest;
}

Task<Connection::Next> Connection::serve_one() {
  limits_ = &handler_->renew();
  auto header = receive_header();
  Received received = co_await header;
  client_.set_busy();
  began_ = std::chrono::steady_clock::now();
  if (received == Received::kNothing) co_return Next::kClose;
  if (received == Received::kRefused) {
    send_response(false);
    count();
    co_return Next::kLinger;
  }
  limits_ = &handler_->renew();
  HeaderVerdict verdict = handler_->check(exchange_, began_);
  AddressCounts::Slot slot;
  auto full = check_room(verdict);
  if (!full) full = count_client(verdict, slot);
  if (full) {
    handler_->refuse(exchange_.response, *full);
    exchange_.response.set_retry_after(kComeAgainAfter);
    exchange_.response.close = exchange_.response.close || arrival_.probes_only;
    verdict.answered = true;
  }
  if (verdict.answered) {
    // The body was never asked for. Where there is one, only the connection's end says where it ends.
    const bool reusable =
        !exchange_.request.has_body() && !exchange_.request.headers.has("Transfer-Encoding");
    const bool kept = send_response(reusable);
    count();
    co_return kept ? Next::kRequest : Next::kLinger;
  }
  StreamedBody streamed(client_, parser_, exchange_.request, limits(), verdict.max_body_bytes);
  if (verdict.streams_body) {
    exchange_.body = &streamed;
    ask_for_body();
  } else if (!parser_.done()) {
    auto body = receive_body(verdict.max_body_bytes);
    received = co_await body;
    if (received == Received::kNothing) co_return Next::kClose;
    if (received == Received::kRefused) {
      send_response(false);
      count();
      co_return Next::kLinger;
    }
  }
  if (!verdict.streams_body) parser_.release();
  auto handled = handler_->handle(exchange_);
  co_await handled;
  // Only the connection's end says where a body ends that its handler has not taken.
  const bool whole = !verdict.streams_body || parser_.done();
  bool keep = whole && !client_.broken() && exchange_.request.keep_alive && !exchange_.response.close;
  if (!exchange_.streamed && !client_.broken()) keep = send_response(whole) && whole;
  count();
  if (keep && (client_.has_tail() || client_.out().size() > kMaxUnsentBytes)) {
    auto flushed = client_.flush();
    keep = co_await flushed;
  }
  if (keep) co_return Next::kRequest;
  // Closing with unread bytes would reset the connection and could take the response with it.
  co_return client_.in().empty() && whole ? Next::kClose : Next::kLinger;
}

bool Connection::send_response(bool keep_alive) {
  Response& response = exchange_.response;
  const bool large =
      !exchange_.request.head() && !response.shared_body && response.body.size() > kLargeAnswer;
  if (!large) exchange_.answer_memory.release();
  if (large && !exchange_.answer_memory.try_resize(response.body.size()) &&
      state_.memory.used(MemoryShare::kAnswers) > exchange_.answer_memory.bytes()) {
    // The header lines stay: they say where the result is.
    std::string().swap(response.body);
    exchange_.answer_memory.release();
    (void)refuse_overloaded("answers that their clients have not read yet");
  }
  const bool keep = keep_alive && exchange_.request.keep_alive && !response.close &&
                    !state_.draining.load(std::memory_order_relaxed);
  ConnectionHeader connection = ConnectionHeader::kNone;
  if (!keep) connection = ConnectionHeader::kClose;
  if (keep && !exchange_.request.http11) connection = ConnectionHeader::kKeepAlive;
  append_head(client_.out(), response, {.connection = connection, .date = exchange_.date});
  if (exchange_.request.head()) return keep;
  if (response.shared_body) {
    client_.set_tail(std::move(response.shared_body), response.shared_offset, response.shared_length,
                     std::move(response.shared_memory));
  } else if (response.body.size() > kLargeAnswer) {
    auto bytes = std::make_shared<const std::string>(std::move(response.body));
    response.body.clear();
    const std::size_t size = bytes->size();
    MemoryReservation memory = std::move(exchange_.answer_memory);
    exchange_.answer_memory = MemoryReservation(state_.memory, MemoryShare::kAnswers);
    memory.resize(size);
    client_.set_tail(std::move(bytes), 0, size, std::move(memory));
  } else {
    client_.out() += response.body;
  }
  return keep;
}

void Connection::count() {
  handler_->answered(exchange_, std::chrono::steady_clock::now() - began_);
}

}  // namespace shunt::http
