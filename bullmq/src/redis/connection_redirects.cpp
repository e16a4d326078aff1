// Answers that mean that the command was not executed, and tell where or how it can be: it is sent again.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <string_view>

#include "bullmq/error.hpp"
#include "redis/connection.hpp"

namespace bullmq::detail {
namespace {

namespace asio = boost::asio;

// The slot is being moved: the cluster asks to try again.
constexpr std::chrono::milliseconds kTryAgainPause{50};
// A slot moves to one node. A server that names ever others gets no connection to each.
constexpr std::size_t kMostAsked = 16;

// The server has become a replica. Redis before 7 wraps what a script was told into an error of its own; a
// blocked read is ended with UNBLOCKED (CLIENT UNBLOCK says that too, with other words).
bool is_no_primary(std::string_view error) {
  return error.starts_with("READONLY ") ||
         (error.starts_with("ERR Error running script") && error.find(": -READONLY ") != error.npos) ||
         (error.starts_with("UNBLOCKED ") && error.find("instance state changed") != error.npos);
}

bool is_try_again(std::string_view error) {
  return error.starts_with("TRYAGAIN") || error.starts_with("CLUSTERDOWN");
}

}  // namespace

// false: it is a plain error.
bool Connection::handle_refusal(Pending& pending, const std::string& error) {
  if (error.starts_with("NOSCRIPT") && pending.command.script != nullptr) return load_script(pending);
  if (!options_.allow_replica && is_no_primary(error)) {
    // The next handshake finds the new primary.
    leaving_ = true;
    queue_again(pending);
    return true;
  }
  if (!slot_) return false;
  if (is_try_again(error)) {
    pause(pending);
    return true;
  }
  const auto redirect = parse_redirect(error, connected_host_);
  if (!redirect) return false;
  if (redirect->ask) {
    if (asked_.size() >= kMostAsked && !asked_.contains(to_string(redirect->address))) return false;
    follow_ask(pending, redirect->address);
  } else {
    redirect_ = redirect->address;
    leaving_ = true;
    queue_again(pending);
  }
  return true;
}

// The first of those that Redis did not know goes again as text, and the others after it as SHA-1.
bool Connection::load_script(Pending& pending) {
  // Forgotten as soon as it is loaded, again and again: not our business any more.
  constexpr unsigned kMaxUnknown = 100;
  if (++pending.unknown_script > kMaxUnknown) return false;
  const auto text = texts_sent_.find(pending.command.script);
  if (text != texts_sent_.end() && text->second <= pending.sent_as) texts_sent_.erase(text);
  queue_again(pending);
  schedule_flush();
  return true;
}

void Connection::pause(Pending& pending) {
  unlink(pending);
  pending.at = Pending::Place::paused;
  const bool first = paused_.empty();
  paused_.push_back(pending);
  if (!first) return;
  pause_timer_.expires_after(kTryAgainPause);
  pause_timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || self->closed_) return;
    while (!self->paused_.empty()) self->queue_again(self->paused_.front());
    self->schedule_flush();
  });
}

// The slot is on its way to another node, and this key is there already: this one command goes there.
void Connection::follow_ask(Pending& pending, RedisAddress address) {
  auto& other = asked_[to_string(address)];
  if (!other || other->is_closed()) {
    ConnectionOptions options = options_;
    options.url.clear();
    options.cluster.reset();
    options.address = address;
    options.database = 0;
    options.offline_queue = true;  // it has only just been opened
    other = open(executor_, std::move(options));
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(pending.deadline - Clock::now());
  Command command;
  command.bytes = make_command("ASKING").bytes;
  command.bytes +=
      pending.command.script != nullptr ? with_script_text(pending.command) : pending.command.bytes;
  command.replies = pending.command.replies + 1;
  command.timeout = std::max(left, std::chrono::milliseconds(1));
  unlink(pending);
  pending.at = Pending::Place::elsewhere;
  elsewhere_.push_back(pending);
  // Detached: it ends with its command, at the command's deadline at the latest.
  asio::co_spawn(executor_, execute_elsewhere(weak_from_this(), other, pending.sequence, std::move(command)),
                 asio::detached);
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
  auto found = elsewhere_.begin();
  while (found != elsewhere_.end() && found->sequence != sequence) ++found;
  // Cancelled, or its deadline has passed.
  if (found == elsewhere_.end()) return;
  Pending& pending = *found;
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const RedisError& error) {
    const std::string_view text = error.what();
    // The other node has not got all of its keys yet, or not any more.
    if (is_try_again(text) || text.starts_with("MOVED ") || text.starts_with("ASK ")) return pause(pending);
  } catch (const std::exception&) {
    // Told to who waits.
  }
  const auto self = shared_from_this();
  const std::unique_ptr<Pending> owned(&pending);
  unlink(pending);
  pending.deadline_place.unlink();
  on_progress_.emit([] {});
  owned->complete(std::move(failure), std::move(reply));
}

}  // namespace bullmq::detail
