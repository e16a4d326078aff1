// Commands that another moment, or another node of the cluster, has to do.
#include <utility>

#include "bullmq/error.hpp"
#include "core/run_detached.hpp"
#include "redis/connection.hpp"

namespace bullmq::detail {
namespace {

namespace asio = boost::asio;

// The slot is being moved: the cluster asks to try again.
constexpr std::chrono::milliseconds kTryAgainPause{50};

}  // namespace

void Connection::start_pause() {
  pause_timer_.expires_after(kTryAgainPause);
  pause_timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || self->is_closed()) return;
    self->commands_.resume_paused();
    self->schedule_flush();
  });
}

// The slot is on its way to another node, and this key is there already: this one command goes there.
void Connection::ask_another(const AskAnother& asked) {
  auto& other = asked_[to_string(asked.address)];
  if (!other || other->is_closed()) {
    ConnectionOptions options = options_;
    options.url.clear();
    options.cluster.reset();
    options.address = asked.address;
    options.database = 0;
    options.offline_queue = true;  // it has only just been opened
    other = open(executor_, std::move(options));
  }
  Command command = commands_.asking(asked.sequence, Clock::now());
  // Detached: it ends with its command, at the command's deadline at the latest.
  run_detached(executor_, execute_elsewhere(weak_from_this(), other, asked.sequence, std::move(command)));
}

asio::awaitable<void> Connection::execute_elsewhere(std::weak_ptr<Connection> self,
                                                    std::shared_ptr<Connection> other, std::uint64_t sequence,
                                                    Command command) {
  std::exception_ptr failure;
  Reply reply;
  try {
    reply = co_await other->execute(std::move(command));
  } catch (...) {
    failure = std::current_exception();
  }
  if (const auto connection = self.lock()) connection->came_back(sequence, failure, std::move(reply));
}

void Connection::came_back(std::uint64_t sequence, std::exception_ptr failure, Reply reply) {
  const auto self = shared_from_this();
  auto back = commands_.on_answer_elsewhere(sequence, std::move(failure), std::move(reply));
  if (back.start_pause) start_pause();
  if (!back.completion) return;
  on_progress_.emit([] {});
  Completion& done = *back.completion;
  done.pending->complete(std::move(done.failure), std::move(done.reply));
}

void Connection::close_other_nodes() {
  for (auto& [address, other] : asked_) other->close();
  asked_.clear();
  commands_.forget_other_nodes();
}

}  // namespace bullmq::detail
