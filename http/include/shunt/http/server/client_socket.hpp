#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "shunt/base/clock.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/http/namespace.hpp"
#include "shunt/http/server/receive_buffer.hpp"
#include "shunt/http/server/send_batch.hpp"
#include "shunt/http/server/task.hpp"
#include "shunt/http/server/waiting_connections.hpp"
#include "shunt/http/server/wake.hpp"

namespace shunt::http {

class ServerMetrics;

using SocketListHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// A client's socket with its buffers, as one coroutine uses it: bytes in, bytes out, and what else may happen
// meanwhile (the client goes, a deadline passes, the server stops). Knows nothing of HTTP. Loop thread only.
//
// Everything completes through wake(): start an operation or register for an event, wait for the wake, look
// at the state, repeat. One deadline at a time; the loop's tick (LoopShard) checks it, so a connection has no
// timer.
class ClientSocket : public std::enable_shared_from_this<ClientSocket>,
                     public SocketListHook,
                     public WaitingPlace {
 public:
  ClientSocket(boost::asio::ip::tcp::socket socket, EventLoop& loop, SendBatch& batch,
               WaitingConnections& waiting, ServerMetrics& metrics, MemoryBudget& memory,
               MemoryReservation own, std::chrono::milliseconds write_timeout);
  ~ClientSocket();

  // Who is at the other end, or a proxy; unspecified where the connection has gone. Asks the kernel.
  [[nodiscard]] boost::asio::ip::address peer() const noexcept;

  // Received and not yet used; to be written. `out` may be appended to at any time.
  [[nodiscard]] ReceiveBuffer& in() noexcept { return in_; }
  [[nodiscard]] std::string& out() noexcept { return out_; }
  // Sent after `out`, without a copy. Flush before appending to `out` again. `memory` is what the bytes take
  // of the budget, until they have been sent.
  void set_tail(std::shared_ptr<const std::string> bytes, std::size_t offset, std::size_t length,
                MemoryReservation memory = {});
  [[nodiscard]] bool has_tail() const noexcept { return tail_ != nullptr; }

  enum class Input { kData, kEnd, kTimeout, kBroken, kNoMemory };
  // Writes what is to be written, then waits for bytes that were not there before, for the end of the
  // client's sending, the deadline, or the connection's end. kNoMemory: more has come than there is room for.
  [[nodiscard]] Task<Input> more_input();

  // Lets the loop's other connections have their turn.
  [[nodiscard]] Task<void> take_turn();

  // Writes as much as goes without waiting. True: nothing is left (or the connection is broken).
  [[nodiscard]] bool send_now();
  // Writes everything; false: the connection is broken. Without progress for the write timeout it is aborted.
  // Uses the deadline.
  [[nodiscard]] Task<bool> flush();

  // Keeps an eye on the client while its generation runs: bytes that come are kept (up to a bound), its end
  // and its loss wake.
  void watch();
  [[nodiscard]] bool ended() const noexcept { return ended_; }    // the client has closed its sending side
  [[nodiscard]] bool broken() const noexcept { return broken_; }  // nothing can be sent any more

  void set_deadline(std::chrono::milliseconds from_now);
  void clear_deadline() noexcept;
  [[nodiscard]] bool expired() const noexcept { return expired_; }

  // What the next more_input is for. Where it is a request or the rest of a header, the server may close the
  // connection to make room; where it is a request, also to stop. Counts from when everything has been
  // written.
  void set_waits_for(WaitsFor what) noexcept { next_wait_ = what; }
  // A request is under way.
  void set_busy();

  // What stays of `out` when nothing is in it.
  [[nodiscard]] std::size_t kept_bytes() const noexcept { return out_.capacity(); }
  // Gives back what `in` has more than every connection has, if nothing is in it.
  void shrink_in();
  // Gives large buffers back, before a long wait.
  void release_buffers();

  // Sends what is left, then reads on for a moment, so that the client gets to see the response although it
  // is still sending (RFC 9112, 9.6); then closes.
  [[nodiscard]] Task<void> close_gently();
  // Closes; what the kernel has not yet sent still goes out.
  void close() noexcept;
  // Closes at once; what is unsent is lost.
  void abort() noexcept;

  [[nodiscard]] Wake& wake() noexcept { return wake_; }
  // Wakes from any thread, also after this object has gone.
  [[nodiscard]] std::function<void()> remote_wake();

  // A callback that puts its value into `slot` and wakes. Any thread may call it; the coroutine that owns the
  // slot must wait until it is filled.
  template <typename T>
  [[nodiscard]] auto deliver_to(std::optional<T>& slot) {
    return [this, into = &slot](T value) {
      if (EventLoop::current() == &loop_) {
        into->emplace(std::move(value));
        // Usually the coroutine is the caller and sees the slot filled. If it waits, it must not be resumed
        // inside an executor's call.
        if (wake_.waiting()) remote_->post();
        return;
      }
      const auto carried = std::make_shared<T>(std::move(value));
      loop_.post([this, into, carried] {
        into->emplace(std::move(*carried));
        wake_.wake();
      });
    };
  }

  // For SendBatch: the unsent bytes have been tried.
  void left_batch();

  // For the loop's tick and the server's stop.
  void check_deadline(SteadyTime now);
  void stop_if_idle();
  void shed();
  void abort_and_wake();

 private:
  // False: there is no room to read into.
  [[nodiscard]] bool start_read();
  [[nodiscard]] std::size_t affordable_read();
  void drain_socket();
  void start_write_wait();
  void watch_for_error();
  void note_read(const boost::system::error_code& failure, std::size_t count);
  [[nodiscard]] std::size_t unsent() const noexcept { return out_.size() + tail_length_ - sent_; }
  void forget_sent();

  boost::asio::ip::tcp::socket socket_;
  EventLoop& loop_;
  SendBatch& batch_;
  WaitingConnections& waiting_;
  ServerMetrics& metrics_;
  const std::chrono::milliseconds write_timeout_;
  Wake wake_;
  std::shared_ptr<RemoteWake> remote_;

  const MemoryReservation own_memory_;
  ReceiveBuffer in_;
  MemoryReservation in_memory_;  // of in_ beyond what every connection has
  std::size_t read_size_;
  std::string out_;
  std::shared_ptr<const std::string> tail_;
  std::size_t tail_offset_ = 0;
  std::size_t tail_length_ = 0;
  MemoryReservation tail_memory_;
  std::size_t sent_ = 0;  // of out_ and the tail together

  SteadyTime deadline_ = SteadyTime::max();
  bool expired_ = false;
  bool reading_ = false;   // an operation reads into in_
  bool watching_ = false;  // an operation waits for readability
  bool watching_error_ = false;
  bool awaiting_room_ = false;
  bool ended_ = false;
  bool broken_ = false;
  WaitsFor next_wait_ = WaitsFor::kNothing;
  bool shed_ = false;
  bool stopping_ = false;
  bool in_batch_ = false;
  bool others_turn_ = false;
  bool no_room_ahead_ = false;  // for what the client sends while its generation runs: it is not watched
};

}  // namespace shunt::http
