// Commands go out, answers come in.
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <string_view>

#include "bullmq/error.hpp"
#include "redis/connection.hpp"

namespace bullmq::detail {
namespace {

namespace asio = boost::asio;

// One write takes at most about this much: enough for the kernel's buffers, and bounded when a thousand large
// jobs wait.
constexpr std::size_t kWriteBatchBytes = 256UL * 1024;
// What Redis takes in one read at least.
constexpr std::size_t kWorthAWriteBytes = 16UL * 1024;
// What a large command leaves behind is given back.
constexpr std::size_t kKeptBytes = 1024UL * 1024;

// In the result of a transaction: why its calls were not executed, if that can be mended. Whatever is said of
// one is true of all (see Transaction).
const std::string* refusal_within(const Reply& reply) {
  for (const Reply& element : reply.elements) {
    if (!element.is_error()) continue;
    const auto word = element.error_word();
    if (word == "NOSCRIPT" || word == "READONLY") return &element.text;
  }
  return nullptr;
}

}  // namespace

// After the handlers that are ready now: what they send as well goes out in the same write.
// When a good deal waits already, it goes at once: Redis works on it while the rest of its answers is
// handled.
void Connection::schedule_flush() {
  if (writing_ || phase_ != Phase::up || leaving_) return;
  if (unsent_bytes_ >= kWorthAWriteBytes) return flush();
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  asio::post(executor_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->flush_scheduled_ = false;
      self->flush();
    }
  });
}

void Connection::flush() {
  if (writing_ || phase_ != Phase::up || leaving_ || (again_.empty() && unsent_.empty())) return;
  std::string& out = transport_->outgoing;
  out.clear();
  transport_->written = 0;
  while (out.size() < kWriteBatchBytes) {
    PendingList& from = again_.empty() ? unsent_ : again_;
    if (from.empty()) break;
    Pending& pending = from.front();
    unlink(pending);
    append(pending, out);
    pending.at = Pending::Place::sent;
    sent_.push_back(pending);
  }
  writing_ = true;
  write_some();
}

// A script goes as text the first time on each connection, and as its SHA-1 from then on: Redis cannot have
// forgotten it, and what follows in the same write finds it.
void Connection::append(Pending& pending, std::string& out) {
  pending.sent_as = ++last_sent_;
  const Command& command = pending.command;
  if (command.script != nullptr && texts_sent_.try_emplace(command.script, pending.sent_as).second) {
    out += with_script_text(command);
  } else {
    out += command.bytes;
  }
  if (command.drop_on_timeout) {
    // A blocking read has its time from now on.
    pending.deadline_place.unlink();
    pending.deadline = Clock::now() + timeout_of(command);
    watch_deadline(pending);
  }
}

void Connection::write_some() {
  Transport& transport = *transport_;
  transport.async_write_some(
      asio::buffer(transport.outgoing.data() + transport.written,
                   transport.outgoing.size() - transport.written),
      asio::bind_executor(executor_, [self = shared_from_this(), held = transport_, epoch = epoch_](
                                         boost::system::error_code failed, std::size_t count) {
        if (epoch != self->epoch_) return;
        if (failed) return self->drop("writing failed: " + failed.message());
        held->written += count;
        if (held->written < held->outgoing.size()) return self->write_some();
        if (held->outgoing.capacity() > kKeptBytes) std::string().swap(held->outgoing);
        self->writing_ = false;
        self->flush();
      }));
}

void Connection::read_some() {
  transport_->async_read_some(
      asio::buffer(transport_->incoming),
      asio::bind_executor(executor_, [self = shared_from_this(), held = transport_, epoch = epoch_](
                                         boost::system::error_code failed, std::size_t count) {
        if (epoch != self->epoch_) return;
        if (failed) return self->drop("the connection was lost: " + failed.message());
        self->on_read(count);
      }));
}

void Connection::on_read(std::size_t count) {
  last_heard_ = Clock::now();
  try {
    reader_->feed({transport_->incoming.data(), count});
  } catch (const Error& error) {
    // The query that is answered like this would be answered like this again.
    if (!sent_.empty()) sent_.front().command.idempotent = false;
    return drop(error.what());
  }
  deliver();
}

void Connection::deliver() {
  const auto epoch = epoch_;
  // What a user's handler throws leaves by the event loop's run(). The connection works on when the loop
  // does.
  struct Again {
    Connection* connection;
    std::uint64_t epoch;
    ~Again() {
      if (connection == nullptr) return;
      asio::post(connection->executor_, [self = connection->shared_from_this(), at = epoch] {
        if (at == self->epoch_) self->deliver();
      });
    }
  } again{this, epoch};
  // Whoever is answered may break or close this connection.
  while (epoch == epoch_) {
    std::optional<Reply> reply;
    try {
      reply = reader_->next();
    } catch (const Error& error) {
      again.connection = nullptr;
      if (!sent_.empty()) sent_.front().command.idempotent = false;
      return drop(error.what());
    }
    if (!reply) break;
    on_reply(std::move(*reply));
  }
  again.connection = nullptr;
  if (epoch != epoch_) return;
  on_progress_.emit([] {});
  read_some();
}

void Connection::on_reply(Reply reply) {
  if (sent_.empty()) return drop("Redis answered what nobody asked");
  Pending& front = sent_.front();
  if (--front.replies_left > 0) {
    if (reply.is_error() && front.first_error.empty()) front.first_error = std::move(reply.text);
    return;
  }
  // EXECABORT only says that the transaction was refused; the error before it says why.
  const bool failed = reply.is_error();
  if (failed && !front.first_error.empty()) reply.text = std::move(front.first_error);
  const std::string* refusal = failed ? &reply.text : nullptr;
  if (!failed && front.command.replies > 1) refusal = refusal_within(reply);
  if (refusal == nullptr || !handle_refusal(front, *refusal)) {
    const std::unique_ptr<Pending> pending(&front);
    unlink(front);
    front.deadline_place.unlink();
    if (failed) {
      pending->complete(std::make_exception_ptr(RedisError(reply.text)), {});
    } else {
      pending->complete(nullptr, std::move(reply));
    }
  }
  if (leaving_ && sent_.empty() && phase_ == Phase::up) drop("the server is not the one to talk to");
}

}  // namespace bullmq::detail
