#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "bullmq/connection_options.hpp"

// Where a connection is in its life, whom it connects to next, and when: decisions without I/O.
namespace bullmq::detail {

//   connecting --came up--> up --wrong server--> leaving --the due answers have come--> connecting
//        ^                   '-------------------- lost --------------------'
//   any of these --close--> closed
enum class ConnectionPhase {
  connecting,
  up,
  leaving,  // up, but no more is sent: when the answers that are due have come, the connection is dropped
  closed,
};

// Whom an attempt connects to.
struct ToSocket {};
struct ToPrimaryOfSentinels {};
struct ToSlotOwner {};  // the nodes of the cluster are asked who it is
struct ToAddress {
  RedisAddress address;
};
using ConnectionTarget = std::variant<ToSocket, ToPrimaryOfSentinels, ToSlotOwner, ToAddress>;

class ConnectionLife {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  [[nodiscard]] ConnectionPhase phase() const noexcept { return phase_; }
  [[nodiscard]] bool is_up() const noexcept {
    return phase_ == ConnectionPhase::up || phase_ == ConnectionPhase::leaving;
  }
  [[nodiscard]] bool is_closed() const noexcept { return phase_ == ConnectionPhase::closed; }
  [[nodiscard]] bool may_send() const noexcept { return phase_ == ConnectionPhase::up; }
  // A command may be tried, or waits for a connection.
  [[nodiscard]] bool takes_commands(bool offline_queue) const noexcept {
    return is_up() || offline_queue || is_following_;
  }
  // Differs from what an operation has noted when the operation belongs to a connection that is no more.
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  [[nodiscard]] std::uint64_t times_up() const noexcept { return times_up_; }
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }
  // Which sentinel or seed is asked first.
  [[nodiscard]] std::size_t first_to_ask() const noexcept { return first_to_ask_; }

  [[nodiscard]] ConnectionTarget target(const ConnectionOptions& options) const {
    if (!options.unix_socket.empty()) return ToSocket{};
    if (options.sentinel) return ToPrimaryOfSentinels{};
    if (redirect_) return ToAddress{*redirect_};
    if (options.cluster) return ToSlotOwner{};
    return ToAddress{options.address};
  }

  void came_up(Instant now) {
    phase_ = ConnectionPhase::up;
    ++epoch_;
    ++times_up_;
    last_error_.clear();
    redirect_.reset();
    is_following_ = false;
    up_since_ = now;
  }
  // A node that the cluster sent us to and that is not there: it is asked again where to go. Another one is
  // asked first: the last may have told of a server that has gone.
  void attempt_failed(std::string why) {
    pauses_after_first_ = true;
    last_error_ = std::move(why);
    redirect_.reset();
    is_following_ = false;
    ++first_to_ask_;
    ++failures_;
  }
  void leave_for(std::optional<RedisAddress> redirect) {
    if (redirect) redirect_ = std::move(redirect);
    if (phase_ == ConnectionPhase::up) phase_ = ConnectionPhase::leaving;
  }
  // Commands wait while it follows where the server sent us, until the first attempt has failed.
  void lost(std::string why, Instant now) {
    if (!is_up()) return;
    is_following_ = phase_ == ConnectionPhase::leaving;
    phase_ = ConnectionPhase::connecting;
    last_error_ = std::move(why);
    ++epoch_;
    pauses_after_first_ = false;
    // One that breaks at once, again and again (too many clients, a proxy without a server), is paced like a
    // failure, but is none: its pauses stay at the third's.
    failures_ = now - up_since_ < kShortLife ? std::min(failures_ + 1, kShortLifeFailures) : 0;
  }
  void close() {
    phase_ = ConnectionPhase::closed;
    ++epoch_;
  }

  // How many failures the pause before the next attempt is for (reconnect_delay); 0: there is none.
  [[nodiscard]] unsigned failures_to_pause_for() const noexcept {
    return failures_ == 1 && !pauses_after_first_ ? 0 : failures_;
  }

 private:
  static constexpr std::chrono::seconds kShortLife{1};
  static constexpr unsigned kShortLifeFailures = 3;

  ConnectionPhase phase_ = ConnectionPhase::connecting;
  bool is_following_ = false;
  // After a failed attempt; one that came up and broke is made again at once.
  bool pauses_after_first_ = false;
  std::uint64_t epoch_ = 0;
  std::uint64_t times_up_ = 0;
  std::string last_error_;
  std::optional<RedisAddress> redirect_;
  std::size_t first_to_ask_ = 0;
  unsigned failures_ = 0;
  Instant up_since_{};
};

}  // namespace bullmq::detail
