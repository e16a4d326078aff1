#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "bullmq/connection_options.hpp"
#include "redis/pending.hpp"

namespace bullmq::detail {

// What an answer means for the command that it belongs to, and for the connection.
struct PartOfAnswer {};  // of a transaction: more is to come
struct Answered {
  Completion completion;
};
// It was not executed, and goes out again.
struct SentAgain {};
// It was not executed because this is not the server to talk to: the connection leaves when the other answers
// have come, for `redirect` if the server said where to go.
struct WrongServer {
  std::optional<RedisAddress> redirect;
};
// The cluster asked to try again in a moment.
struct TryAgainLater {
  bool is_first = false;  // of those that wait for that moment
};
// This one command is to be executed by another node.
struct AskAnother {
  RedisAddress address;
  std::uint64_t sequence = 0;
};
struct NobodyAsked {};
using AnswerMeaning =
    std::variant<PartOfAnswer, Answered, SentAgain, WrongServer, TryAgainLater, AskAnother, NobodyAsked>;

// The commands of one connection, from their calls to their outcomes: which are sent when, whose answer comes
// next, what an answer means, which are late, and what becomes of each when the connection breaks. It does no
// I/O and looks at no clock; Connection carries out what it says. What has an outcome is handed out as a
// Completion, and never completed here: whoever is woken may do anything, which is no good in the middle of
// this.
//
//   unsent --batch--> sent --answer--> decided
//     ^                | not executed, or idempotent and lost
//     |                v
//   (behind) <---- to_resend, paused, elsewhere
class Multiplexer {
 public:
  using Clock = std::chrono::steady_clock;
  using Instant = Clock::time_point;
  enum class Node { alone, of_cluster };

  // Keeps a reference to the options.
  Multiplexer(const ConnectionOptions& options, Node node) : options_(options), node_(node) {}
  ~Multiplexer();
  Multiplexer(const Multiplexer&) = delete;
  Multiplexer& operator=(const Multiplexer&) = delete;

  // What keeps a command from being taken.
  struct Refusal {
    bool is_closed = false;
    bool is_away = false;  // and commands do not wait for a connection
    std::string last_error;
  };
  // A completion when the command is not taken.
  [[nodiscard]] std::optional<Completion> submit(std::unique_ptr<Pending> pending, const Refusal& refusal,
                                                 Instant now);
  // Cancels what a coroutine waits for; returns nothing when its outcome is decided already.
  [[nodiscard]] std::optional<Completion> cancel(Pending& pending);

  // What waits to be sent, in bytes.
  [[nodiscard]] std::size_t unsent_bytes() const noexcept { return unsent_bytes_; }
  [[nodiscard]] bool has_unsent() const noexcept { return !unsent_.empty() || !to_resend_.empty(); }
  [[nodiscard]] bool has_sent() const noexcept { return !sent_.empty(); }
  [[nodiscard]] bool has_elsewhere() const noexcept { return !elsewhere_.empty(); }
  [[nodiscard]] bool is_idle() const noexcept {
    return !has_unsent() && !has_sent() && !has_elsewhere() && paused_.empty();
  }

  // Appends what is sent in one write, at most about kWriteBatchBytes.
  void fill_batch(std::string& out, Instant now);
  // `connected_host`: where an answer without a host points to.
  [[nodiscard]] AnswerMeaning on_answer(Reply reply, const std::string& connected_host);
  // The question that is due would be answered with what broke the connection again.
  void blame_first();

  // A new connection: it has been sent nothing yet.
  void on_connected() { texts_sent_.clear(); }
  // What was sent and may not be sent again has no outcome: Fate::unknown. The rest waits for the next
  // connection.
  [[nodiscard]] std::vector<Completion> on_lost(const std::string& why, bool is_closed);
  [[nodiscard]] std::vector<Completion> fail_unsent(const std::string& why);
  [[nodiscard]] std::vector<Completion> close(const std::string& why);

  // The moment has come that the cluster asked to wait for.
  void resume_paused();
  // The command for another node, at most until the deadline of the one that was asked for.
  [[nodiscard]] Command asking(std::uint64_t sequence, Instant now) const;
  // The other node has answered; nothing when nobody waits any more, or when it is to be tried again
  // (`start_pause`: the first of those).
  struct BackFromElsewhere {
    std::optional<Completion> completion;
    bool start_pause = false;
  };
  [[nodiscard]] BackFromElsewhere on_answer_elsewhere(std::uint64_t sequence, std::exception_ptr failure,
                                                      Reply reply);
  void forget_other_nodes() { asked_.clear(); }

  struct Late {
    std::vector<Completion> completions;
    // Nothing was heard for so long that the connection is taken for dead.
    bool is_dead = false;
  };
  [[nodiscard]] Late expire(Instant now, Instant last_heard, bool is_up, const std::string& last_error);
  // Instant::max() without commands.
  [[nodiscard]] Instant next_deadline();
  // The earliest of the deadlines that came since this was last asked.
  [[nodiscard]] Instant take_soonest_new_deadline() noexcept {
    return std::exchange(soonest_new_deadline_, Instant::max());
  }

  static constexpr std::size_t kWriteBatchBytes = 256UL * 1024;

 private:
  [[nodiscard]] std::chrono::milliseconds timeout_of(const Command& command) const {
    return command.timeout.value_or(options_.command_timeout);
  }
  void watch_deadline(Pending& pending);
  void unlink(Pending& pending);
  [[nodiscard]] std::unique_ptr<Pending> take(Pending& pending);
  void send_again(Pending& pending);
  // Whether it is the first that waits for the moment.
  [[nodiscard]] bool pause(Pending& pending);
  void append(Pending& pending, std::string& out, Instant now);
  [[nodiscard]] std::optional<AnswerMeaning> mend(Pending& pending, const std::string& error,
                                                  const std::string& connected_host);
  [[nodiscard]] bool mend_unknown_script(Pending& pending);
  [[nodiscard]] std::exception_ptr lateness(const Pending& pending, bool is_up,
                                            const std::string& last_error) const;

  const ConnectionOptions& options_;
  const Node node_;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t last_sent_ = 0;
  PendingList unsent_;
  PendingList to_resend_;
  // The bytes of both lists.
  std::size_t unsent_bytes_ = 0;
  PendingList sent_;
  PendingList paused_;
  PendingList elsewhere_;
  std::set<std::string> asked_;
  // The scripts whose text was sent on this connection, and when (Pending::sent_as).
  std::unordered_map<const Script*, std::uint64_t> texts_sent_;
  std::map<std::chrono::milliseconds, DeadlineList> deadlines_;
  Instant soonest_new_deadline_ = Instant::max();
};

}  // namespace bullmq::detail
