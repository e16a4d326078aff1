#include "routes/event_stream.hpp"

#include "representation/representation.hpp"
#include "representation/sse.hpp"
#include "routes/repeated_call.hpp"
#include "routes/wait_for_generation.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/errors.hpp"
#include "shunt/http/chunked_body.hpp"
#include "shunt/http/sse_writer.hpp"

namespace shunt::api {
namespace {

// Many small events become one write; one slow reader holds about this much, or one event if that is larger.
constexpr std::size_t kBatchBytes = 16 * 1024;
// A stream writes this many batches before other connections have their turn.
constexpr std::size_t kBatchesAtOnce = 4;
// Every stream may have so much unread without asking.
constexpr std::size_t kFreeUnreadBytes = 4 * 1024;

constexpr std::string_view kLeavingComment =
    "this server is shutting down; go on with Last-Event-ID at the generation's events";

class StreamCount {
 public:
  explicit StreamCount(HttpMetrics& metrics) : metrics_(metrics) { metrics_.stream_opened(); }
  StreamCount(const StreamCount&) = delete;
  StreamCount& operator=(const StreamCount&) = delete;
  ~StreamCount() { metrics_.stream_closed(); }

 private:
  HttpMetrics& metrics_;
};

// HTTP/1.0 has no chunks: the stream ends with the connection there.
class EventWriter {
 public:
  EventWriter(Exchange& exchange, dialects::Rendering* rendering)
      : exchange_(exchange), rendering_(rendering), chunked_(exchange.request.http11) {}

  void begin() {
    http::Response& response = exchange_.response;
    response.status = 200;
    response.content_type = rendering_ == nullptr ? kEventStreamType : rendering_->stream_type();
    response.add_header("Cache-Control", "no-store");
    response.add_header("X-Accel-Buffering", "no");  // nginx would hold events back
    if (exchange_.service.state.draining.load(std::memory_order_relaxed)) response.close = true;
    if (!chunked_) response.close = true;
    const bool last = response.close || !exchange_.request.keep_alive;
    http::append_head(exchange_.client.out(), response,
                      {.connection = last ? http::ConnectionHeader::kClose : http::ConnectionHeader::kNone,
                       .framing = chunked_ ? http::BodyFraming::kChunked : http::BodyFraming::kUntilClose,
                       .date = exchange_.date});
    exchange_.streamed = true;
  }

  // Adds the events that are there. False: there are none.
  bool add_next(EventWatch& watch) {
    std::string payload;
    const std::vector<GenerationEvent> events = watch.read(kBatchBytes);
    for (const GenerationEvent& event : events) {
      rendering_ == nullptr ? append_sse_event(payload, event) : rendering_->append_event(payload, event);
    }
    add_text(payload);
    return !events.empty();
  }

  void add_heartbeat() { add_text(rendering_ == nullptr ? http::kSseComment : rendering_->heartbeat()); }

  // This server goes; the generation may go on.
  void add_leaving() {
    std::string text;
    if (rendering_ == nullptr) {
      http::append_sse_comment(text, kLeavingComment);
    } else {
      rendering_->append_cut(text, shutting_down());
    }
    add_text(text);
  }

  void add_text(std::string_view text) {
    // An empty chunk would be the last one.
    if (text.empty()) return;
    if (chunked_) {
      http::append_chunk(exchange_.client.out(), text);
    } else {
      exchange_.client.out() += text;
    }
  }

  void end() {
    if (chunked_) exchange_.client.out() += http::kLastChunk;
  }

 private:
  Exchange& exchange_;
  dialects::Rendering* const rendering_;
  const bool chunked_;
};

// Waits until there are events to read. False: the client has gone.
http::Task<bool> wait_for_events(Exchange& exchange, EventWriter& writer, EventWatch& watch) {
  http::ClientSocket& client = exchange.client;
  client.release_buffers();
  client.set_deadline(exchange.options.sse_heartbeat);
  const bool had_ended = client.ended();
  watch.on_ready(client.remote_wake());
  client.watch();
  co_await client.wake();
  if (client.broken()) co_return false;
  // A client that has closed its sending side may be reading on or be gone: writing finds out. If it is gone,
  // its answer is a reset.
  if (client.expired() || (client.ended() && !had_ended)) writer.add_heartbeat();
  co_return true;
}

// What is left cannot be sent: the client sees that the stream is not whole, and may go on with
// Last-Event-ID. It has not left by itself, so the generation goes on too.
bool cut(http::ClientSocket& client) {
  client.abort();
  return true;
}

// Sends until the terminal event, or until this server goes. False: the client has gone before.
http::Task<bool> send_until_end(Exchange& exchange, EventWatch& watch, dialects::Rendering* rendering) {
  http::ClientSocket& client = exchange.client;
  EventWriter writer(exchange, rendering);
  writer.begin();
  for (std::size_t at_once = 0;;) {
    const bool some = writer.add_next(watch);
    const bool ended = watch.ended();
    if (watch.lost()) co_return cut(client);
    if (ended) writer.end();
    if (!client.send_now()) {
      MemoryReservation unread(exchange.service.memory, MemoryShare::kStreams);
      const std::size_t bytes = client.out().capacity();
      if (bytes > kFreeUnreadBytes && !unread.try_resize(bytes)) co_return cut(client);
      const bool sent = co_await client.flush();
      if (!sent) co_return false;
    }
    if (client.broken()) co_return false;
    if (ended) co_return true;
    if (some) {
      // A socket may take megabytes at once.
      if (++at_once % kBatchesAtOnce == 0) co_await client.take_turn();
      continue;
    }
    at_once = 0;
    if (exchange.service.state.leaving.load(std::memory_order_relaxed)) {
      writer.add_leaving();
      writer.end();
      co_return true;
    }
    const bool there = co_await wait_for_events(exchange, writer, watch);
    if (!there) co_return false;
  }
}

}  // namespace

http::Task<void> cancel_abandoned(Exchange& exchange, GenerationId id) {
  // Cut off by us, not gone by itself.
  if (exchange.service.state.leaving.load(std::memory_order_relaxed)) co_return;
  auto waiting = stays_abandoned(exchange);
  const bool abandoned = co_await waiting;
  if (!abandoned) co_return;
  log::debug("http.client_gone", {{"id", id.to_string()}});
  auto pending = answer_of<Result<executor::CancelOutcome>>(exchange.client, [&](auto done) {
    exchange.service.executor.cancel(id, "client disconnected", std::move(done));
  });
  const auto answer = co_await pending;
  if (!answer) log::warn("http.cancel_failed", {{"id", id.to_string()}, {"code", answer.error().code}});
}

http::Task<void> send_event_stream(Exchange& exchange, GenerationId id, std::unique_ptr<EventWatch> watch,
                                   std::uint64_t after_sequence, WhenClientGoes when_client_goes,
                                   dialects::Rendering* rendering) {
  if (!watch) {
    auto watching = watch_generation(exchange, id, {.after_sequence = after_sequence});
    auto found = co_await watching;
    if (!found) {
      set_problem(exchange.response, found.error(), {.instance = generation_link(id)});
      co_return;
    }
    watch = std::move(*found);
  }
  if (!watch) {  // evicted since: the look-up says so
    (void)co_await find_visible(exchange, id);
    co_return;
  }
  const StreamCount count(exchange.service.metrics);
  const bool complete = co_await send_until_end(exchange, *watch, rendering);
  if (!complete && when_client_goes == WhenClientGoes::kCancel) co_await cancel_abandoned(exchange, id);
}

}  // namespace shunt::api
