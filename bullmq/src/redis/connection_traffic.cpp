// Commands go out, answers come in.
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "redis/connection.hpp"
#include "redis/transport.hpp"

namespace bullmq::detail {
namespace {

namespace asio = boost::asio;

// What Redis takes in one read at least.
constexpr std::size_t kWorthAWriteBytes = 16UL * 1024;
// What a large command leaves behind is given back.
constexpr std::size_t kKeptBytes = 1024UL * 1024;

}  // namespace

// It goes out after the handlers that are ready now: what they send as well is in the same write. When a good
// deal waits already, it goes at once: Redis works on it while the rest of its answers is handled.
void Connection::schedule_flush() {
  if (writing_ || !life_.may_send()) return;
  if (commands_.unsent_bytes() >= kWorthAWriteBytes) return flush();
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
  if (writing_ || !life_.may_send() || !commands_.has_unsent()) return;
  transport_->outgoing.clear();
  transport_->written = 0;
  commands_.fill_batch(transport_->outgoing, Clock::now());
  watch_new_deadlines();
  writing_ = true;
  write_some();
}

void Connection::write_some() {
  Transport& transport = *transport_;
  transport.async_write_some(
      asio::buffer(transport.outgoing.data() + transport.written,
                   transport.outgoing.size() - transport.written),
      asio::bind_executor(executor_, [self = shared_from_this(), held = transport_, epoch = life_.epoch()](
                                         boost::system::error_code failed, std::size_t count) {
        if (epoch != self->life_.epoch()) return;
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
      asio::bind_executor(executor_, [self = shared_from_this(), held = transport_, epoch = life_.epoch()](
                                         boost::system::error_code failed, std::size_t count) {
        if (epoch != self->life_.epoch()) return;
        if (failed) return self->drop("the connection was lost: " + failed.message());
        self->on_read(count);
      }));
}

void Connection::on_read(std::size_t count) {
  last_heard_ = Clock::now();
  try {
    reader_->feed({transport_->incoming.data(), count});
  } catch (const Error& error) {
    commands_.blame_first();
    return drop(error.what());
  }
  deliver();
}

void Connection::deliver() {
  const auto epoch = life_.epoch();
  // What a user's handler throws leaves by the event loop's run(). The connection works on when the loop
  // does.
  struct Again {
    Connection* connection;
    std::uint64_t epoch;
    ~Again() {
      if (connection == nullptr) return;
      asio::post(connection->executor_, [self = connection->shared_from_this(), at = epoch] {
        if (at == self->life_.epoch()) self->deliver();
      });
    }
  } again{this, epoch};
  // Whoever is answered may break or close this connection.
  while (epoch == life_.epoch()) {
    std::optional<Reply> reply;
    try {
      reply = reader_->next();
    } catch (const Error& error) {
      again.connection = nullptr;
      commands_.blame_first();
      return drop(error.what());
    }
    if (!reply) break;
    carry_out(commands_.on_answer(std::move(*reply), connected_host_));
  }
  again.connection = nullptr;
  if (epoch != life_.epoch()) return;
  on_progress_.emit([] {});
  read_some();
}

void Connection::carry_out(AnswerMeaning meaning) {
  const auto epoch = life_.epoch();
  if (auto* answered = std::get_if<Answered>(&meaning)) {
    if (commands_.is_idle()) rest_deadlines();
    Completion& done = answered->completion;
    done.pending->complete(std::move(done.failure), std::move(done.reply));
  } else if (std::holds_alternative<SentAgain>(meaning)) {
    schedule_flush();
  } else if (auto* wrong = std::get_if<WrongServer>(&meaning)) {
    life_.leave_for(std::move(wrong->redirect));
  } else if (const auto* later = std::get_if<TryAgainLater>(&meaning)) {
    if (later->is_first) start_pause();
  } else if (const auto* other = std::get_if<AskAnother>(&meaning)) {
    ask_another(*other);
  } else if (std::holds_alternative<NobodyAsked>(meaning)) {
    return drop("Redis answered what nobody asked");
  }
  // Whoever was answered may have broken or closed this connection.
  if (epoch == life_.epoch() && life_.phase() == ConnectionPhase::leaving && !commands_.has_sent())
    drop("the server is not the one to talk to");
}

}  // namespace bullmq::detail
