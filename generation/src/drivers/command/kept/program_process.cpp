#include "drivers/command/kept/program_process.hpp"

#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <utility>

namespace shunt::generation::command {
namespace {

// How long the pipes may stay open after the program's end, and how long a program that has closed one may
// take to end itself.
constexpr std::chrono::milliseconds kLinger{500};
// Of standard error, at the end of a run: a program that writes more may go on later.
constexpr int kMostPiecesAtOnce = 16;

void close_quietly(boost::asio::posix::stream_descriptor& descriptor) {
  boost::system::error_code ignored;
  descriptor.close(ignored);
}

}  // namespace

ProgramProcess::ProgramProcess(std::weak_ptr<ProcessOwner> owner, ChildProcess child,
                               std::size_t max_stderr_line_bytes, EventLoop& loop)
    : owner_(std::move(owner)),
      loop_(loop),
      child_(std::move(child)),
      stdin_(loop.context()),
      stdout_(loop.context()),
      stderr_(loop.context()),
      pidfd_(loop.context()),
      stderr_lines_(max_stderr_line_bytes) {}

void ProgramProcess::begin() {
  stdin_.assign(child_.stdin_pipe.release());
  stdout_.assign(child_.stdout_pipe.release());
  stderr_.assign(child_.stderr_pipe.release());
  pidfd_.assign(child_.pidfd.release());
  wait_for_exit();
  read_stdout();
  read_stderr();
}

void ProgramProcess::write(std::string line) {
  if (!stdin_.is_open() || input_ends_) return;
  unread_bytes_ += line.size();
  unread_.push_back(std::move(line));
  if (!writing_) write_next();
}

void ProgramProcess::close_input() {
  input_ends_ = true;
  if (!writing_) close_quietly(stdin_);
}

void ProgramProcess::write_next() {
  const std::string& first = unread_.front();
  writing_ = true;
  stdin_.async_write_some(
      boost::asio::buffer(first.data() + sent_of_first_, first.size() - sent_of_first_),
      [self = shared_from_this()](const boost::system::error_code& failure, std::size_t count) {
        self->writing_ = false;
        self->sent_of_first_ += count;
        self->unread_bytes_ -= count;
        if (self->sent_of_first_ == self->unread_.front().size()) {
          self->unread_.pop_front();
          self->sent_of_first_ = 0;
        }
        if (!failure && !self->unread_.empty()) return self->write_next();
        if (failure || self->input_ends_) close_quietly(self->stdin_);
        if (failure) self->expect_end();
      });
}

void ProgramProcess::read_stdout() {
  stdout_.async_read_some(
      boost::asio::buffer(stdout_chunk_),
      [self = shared_from_this()](const boost::system::error_code& failure, std::size_t count) {
        if (failure) return self->stdout_closed();
        self->take_stdout({self->stdout_chunk_.data(), count});
        if (!self->paused_) self->read_stdout();
      });
}

void ProgramProcess::take_stdout(std::string_view bytes) {
  const auto owner = owner_.lock();
  while (!deaf_ && owner && !bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      deaf_ = !owner->take_part(bytes);
      return;
    }
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (owner->take_line(line)) continue;
    paused_ = true;
    held_back_ = bytes;
    return;
  }
}

void ProgramProcess::resume() {
  if (!std::exchange(paused_, false)) return;
  take_stdout(std::exchange(held_back_, {}));
  if (paused_) return;
  read_stdout();
  if (end_) linger();
}

void ProgramProcess::stdout_closed() {
  close_quietly(stdout_);
  if (end_) return finish_if_complete();
  expect_end();
}

// A program that ends closes its pipes a moment before; one that does not end cannot be used any more.
void ProgramProcess::expect_end() {
  if (end_ || hang_up_timer_.pending()) return;
  hang_up_timer_ = loop_.after(kLinger, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->end_) return;
    if (const auto owner = self->owner_.lock()) owner->hung_up();
  });
}

void ProgramProcess::read_stderr() {
  stderr_.async_read_some(
      boost::asio::buffer(stderr_chunk_),
      [self = shared_from_this()](const boost::system::error_code& failure, std::size_t count) {
        self->take_stderr({self->stderr_chunk_.data(), count});
        if (!failure) return self->read_stderr();
        self->end_stderr_line();
        close_quietly(self->stderr_);
        self->finish_if_complete();
      });
}

void ProgramProcess::read_stderr_now() {
  std::array<char, 4 * 1024> piece;
  for (int i = 0; i < kMostPiecesAtOnce && stderr_.is_open(); ++i) {
    const ssize_t count = ::read(stderr_.native_handle(), piece.data(), piece.size());
    if (count <= 0) break;
    take_stderr({piece.data(), static_cast<std::size_t>(count)});
  }
  // Whose it is can be said only now.
  end_stderr_line();
}

void ProgramProcess::end_stderr_line() {
  const auto last = stderr_lines_.finish();
  if (!last) return;
  if (const auto owner = owner_.lock()) owner->take_stderr_line(*last);
}

void ProgramProcess::take_stderr(std::string_view bytes) {
  const auto owner = owner_.lock();
  if (!owner) return;
  for (const std::string& line : stderr_lines_.push(bytes)) owner->take_stderr_line(line);
}

void ProgramProcess::wait_for_exit() {
  pidfd_.async_wait(Descriptor::wait_read,
                    [self = shared_from_this()](const boost::system::error_code& failure) {
                      if (failure) return;
                      // Asio may wake a descriptor for an event of an earlier one with the same number:
                      // reaping would then kill a program that is still running.
                      if (!self->child_.has_ended()) return self->wait_for_exit();
                      self->end_ = self->child_.reap();
                      self->hang_up_timer_.cancel();
                      close_quietly(self->pidfd_);
                      close_quietly(self->stdin_);
                      self->linger();
                      self->finish_if_complete();
                    });
}

// What a line keeps waiting is still to be handed over.
void ProgramProcess::linger() {
  linger_timer_ = loop_.after(kLinger, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->paused_) self->finish();
  });
}

void ProgramProcess::finish_if_complete() {
  if (end_ && !stdout_.is_open() && !stderr_.is_open()) finish();
}

void ProgramProcess::finish() {
  if (std::exchange(finished_, true)) return;
  linger_timer_.cancel();
  deaf_ = true;
  end_stderr_line();
  close_quietly(stdout_);
  close_quietly(stderr_);
  if (const auto owner = owner_.lock()) owner->process_ended(*end_);
}

}  // namespace shunt::generation::command
