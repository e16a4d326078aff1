#include "shunt/http/server/client_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "shunt/base/log.hpp"
#include "shunt/http/server/server_metrics.hpp"

namespace shunt::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kSmallRead = 2048;
constexpr std::size_t kLargeRead = 64 * 1024;
// Pipelined bytes kept while a generation runs; beyond that the client has to wait (and is not watched).
constexpr std::size_t kMaxAhead = 64 * 1024;
constexpr std::size_t kKeptOutBytes = 4 * 1024;
constexpr std::size_t kIdleOutBytes = 512;
constexpr int kMostNotSent = 128 * 1024;
constexpr std::chrono::milliseconds kLingerTime{1000};
constexpr std::size_t kLingerBytes = 1024 * 1024;

}  // namespace

ClientSocket::ClientSocket(asio::ip::tcp::socket socket, EventLoop& loop, SendBatch& batch,
                           WaitingConnections& waiting, ServerMetrics& metrics, MemoryBudget& memory,
                           MemoryReservation own, std::chrono::milliseconds write_timeout)
    : socket_(std::move(socket)),
      loop_(loop),
      batch_(batch),
      waiting_(waiting),
      metrics_(metrics),
      write_timeout_(write_timeout),
      remote_(std::make_shared<RemoteWake>(loop, [this] { wake_.wake(); })),
      own_memory_(std::move(own)),
      in_memory_(memory, MemoryShare::kRequests),
      read_size_(kSmallRead) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  // Without it the kernel takes megabytes for a client that reads nothing: memory that a container's limit
  // counts, and work for nobody. What is on its way to a fast client is not bounded by this.
  using NotSentLowWater = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
  socket_.set_option(NotSentLowWater(kMostNotSent), ignored);
}

ClientSocket::~ClientSocket() {
  remote_->detach();
}

asio::ip::address ClientSocket::peer() const noexcept {
  error_code failure;
  const auto end = socket_.remote_endpoint(failure);
  return failure ? asio::ip::address() : end.address();
}

void ClientSocket::set_tail(std::shared_ptr<const std::string> bytes, std::size_t offset, std::size_t length,
                            MemoryReservation memory) {
  tail_memory_ = std::move(memory);
  tail_ = std::move(bytes);
  tail_offset_ = offset;
  tail_length_ = length;
}

Task<ClientSocket::Input> ClientSocket::more_input() {
  const std::size_t before = in_.size();
  no_room_ahead_ = false;
  if (unsent() > 0 && !broken_) {
    in_batch_ = true;
    batch_.add(shared_from_this());
    while (in_batch_) co_await wake_;
  }
  if (!send_now()) {
    const SteadyTime deadline = deadline_;
    const bool sent = co_await flush();
    if (!sent) co_return Input::kBroken;
    deadline_ = deadline;
  }
  // It enters only now: a client that has yet to read its response has a request under way.
  if (next_wait_ != WaitsFor::kNothing) waiting_.enter(*this, next_wait_);
  for (;;) {
    if (in_.size() > before) co_return Input::kData;
    if (broken_ || shed_ || (stopping_ && next_wait_ == WaitsFor::kRequest)) co_return Input::kBroken;
    if (ended_) co_return Input::kEnd;
    if (expired_) co_return Input::kTimeout;
    if (!start_read()) co_return Input::kNoMemory;
    co_await wake_;
  }
}

// Reads as much as wanted if that can be had, else little.
std::size_t ClientSocket::affordable_read() {
  for (const std::size_t size : {read_size_, kSmallRead}) {
    const std::size_t capacity = in_.capacity_for(size);
    if (capacity <= ReceiveBuffer::kInitialBytes || in_memory_.try_resize(capacity)) return size;
  }
  return 0;
}

bool ClientSocket::start_read() {
  if (reading_ || watching_) return true;
  const std::size_t size_to_read = affordable_read();
  if (size_to_read == 0) return false;
  reading_ = true;
  const auto room = in_.prepare(size_to_read);
  socket_.async_read_some(
      asio::buffer(room.data(), room.size()),
      [self = shared_from_this(), size = room.size()](const error_code& failure, std::size_t count) {
        self->reading_ = false;
        self->note_read(failure, count);
        // A full buffer means that more is coming: fewer, larger reads.
        if (count == size) self->read_size_ = std::min(self->read_size_ * 4, kLargeRead);
        self->wake_.wake();
      });
  return true;
}

void ClientSocket::note_read(const error_code& failure, std::size_t count) {
  if (count > 0) {
    in_.commit(count);
    metrics_.received(count);
  }
  if (failure == asio::error::eof) {
    ended_ = true;
  } else if (failure && failure != asio::error::would_block && failure != asio::error::try_again) {
    broken_ = true;
  }
}

void ClientSocket::watch() {
  if (reading_ || watching_ || broken_) return;
  if (ended_) return watch_for_error();
  if (in_.size() >= kMaxAhead || no_room_ahead_) return;
  watching_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this()](const error_code& failure) {
                       self->watching_ = false;
                       if (failure) {
                         self->broken_ = true;
                       } else {
                         self->drain_socket();
                       }
                       self->wake_.wake();
                     });
}

void ClientSocket::drain_socket() {
  error_code failure;
  while (!failure && in_.size() < kMaxAhead) {
    const std::size_t capacity = in_.capacity_for(kSmallRead);
    if (capacity > ReceiveBuffer::kInitialBytes && !in_memory_.try_resize(capacity)) {
      no_room_ahead_ = true;
      break;
    }
    const auto room = in_.prepare(kSmallRead);
    const std::size_t count = socket_.read_some(asio::buffer(room.data(), room.size()), failure);
    note_read(failure, count);
  }
  in_.release();
  if (in_.capacity() == 0) in_memory_.release();
}

void ClientSocket::watch_for_error() {
  if (watching_error_) return;
  watching_error_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_error, [self = shared_from_this()](const error_code&) {
    self->watching_error_ = false;
    self->broken_ = true;
    self->wake_.wake();
  });
}

Task<void> ClientSocket::take_turn() {
  others_turn_ = true;
  loop_.post([self = shared_from_this()] {
    self->others_turn_ = false;
    self->wake_.wake();
  });
  while (others_turn_) co_await wake_;
}

bool ClientSocket::send_now() {
  error_code failure;
  while (!broken_ && unsent() > 0) {
    const std::size_t head = std::min(sent_, out_.size());
    const std::size_t tail = sent_ - head;
    std::array<asio::const_buffer, 2> buffers{asio::buffer(out_.data() + head, out_.size() - head)};
    if (tail_) buffers[1] = asio::buffer(tail_->data() + tail_offset_ + tail, tail_length_ - tail);
    const std::size_t count = socket_.write_some(buffers, failure);
    if (failure == asio::error::would_block || failure == asio::error::try_again) return false;
    if (failure) broken_ = true;
    sent_ += count;
    metrics_.sent(count);
  }
  forget_sent();
  return true;
}

void ClientSocket::forget_sent() {
  sent_ = 0;
  tail_.reset();
  tail_memory_.release();
  tail_length_ = tail_offset_ = 0;
  out_.clear();
  if (out_.capacity() > kKeptOutBytes) out_.shrink_to_fit();
}

void ClientSocket::start_write_wait() {
  if (awaiting_room_) return;
  awaiting_room_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_write,
                     [self = shared_from_this()](const error_code& failure) {
                       self->awaiting_room_ = false;
                       if (failure) self->broken_ = true;
                       self->wake_.wake();
                     });
}

Task<bool> ClientSocket::flush() {
  std::size_t sent_before = sent_;
  set_deadline(write_timeout_);
  while (!send_now()) {
    if (sent_ != sent_before) set_deadline(write_timeout_);
    sent_before = sent_;
    if (expired_) {
      log::debug("http.write_timeout", {{"unsent", unsent()}});
      abort();
      break;
    }
    start_write_wait();
    co_await wake_;
  }
  clear_deadline();
  co_return !broken_;
}

void ClientSocket::set_deadline(std::chrono::milliseconds from_now) {
  expired_ = false;
  deadline_ = std::chrono::steady_clock::now() + from_now;
}

void ClientSocket::clear_deadline() noexcept {
  expired_ = false;
  deadline_ = SteadyTime::max();
}

void ClientSocket::shrink_in() {
  if (!in_.empty() || in_.capacity() <= ReceiveBuffer::kInitialBytes || reading_) return;
  in_.release();
  in_memory_.release();
  read_size_ = kSmallRead;
}

void ClientSocket::release_buffers() {
  // An operation may be reading into it.
  if (!reading_) in_.release();
  if (in_.capacity() == 0) in_memory_.release();
  read_size_ = kSmallRead;
  if (out_.empty() && out_.capacity() > kIdleOutBytes) std::string().swap(out_);
}

Task<void> ClientSocket::close_gently() {
  const bool sent = co_await flush();
  if (!sent) co_return;
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  set_deadline(kLingerTime);
  // Nothing is under way any more, so it may have to make room, as one that does not complete its header.
  set_waits_for(WaitsFor::kHeader);
  for (std::size_t discarded = 0; discarded < kLingerBytes;) {
    discarded += in_.size();
    in_.consume(in_.size());
    const Input input = co_await more_input();
    if (input != Input::kData) break;
  }
  close();
}

void ClientSocket::close() noexcept {
  broken_ = true;
  error_code ignored;
  socket_.close(ignored);
}

void ClientSocket::abort() noexcept {
  broken_ = true;
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

std::function<void()> ClientSocket::remote_wake() {
  return [remote = remote_] { remote->post(); };
}

void ClientSocket::check_deadline(SteadyTime now) {
  if (now < deadline_) return;
  deadline_ = SteadyTime::max();
  expired_ = true;
  wake_.wake();
}

void ClientSocket::left_batch() {
  in_batch_ = false;
  wake_.wake();
}

void ClientSocket::set_busy() {
  next_wait_ = WaitsFor::kNothing;
  waiting_.remove(*this);
}

void ClientSocket::stop_if_idle() {
  stopping_ = true;
  if (next_wait_ == WaitsFor::kRequest) wake_.wake();
}

void ClientSocket::shed() {
  shed_ = true;
  wake_.wake();
}

void ClientSocket::abort_and_wake() {
  abort();
  wake_.wake();
}

}  // namespace shunt::http
