#pragma once

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/command/child_process.hpp"
#include "drivers/command/stderr_lines.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// Who has a ProgramProcess. Called on its loop, never from within one of its functions but resume() and
// read_stderr_now().
class ProcessOwner {
 public:
  virtual ~ProcessOwner() = default;
  // A whole line of the program's standard output, without its end. False: no more lines until resume().
  virtual bool take_line(std::string_view line) = 0;
  // The beginning of a line of which the rest has not come. False: it is too long, and nothing more of what
  // the program writes is looked at.
  virtual bool take_part(std::string_view bytes) = 0;
  virtual void take_stderr_line(std::string_view line) = 0;
  // It has closed its standard input or output without ending.
  virtual void hung_up() = 0;
  // The process has ended, and what it has written has been handed over. Once; nothing comes after that.
  virtual void process_ended(ProgramEnd end) = 0;
};

// One process of a kept program with its pipes, on one loop. Destroy the reference to it on that loop, or
// when the loop runs no more; what is left of the process is killed then.
class ProgramProcess : public std::enable_shared_from_this<ProgramProcess> {
 public:
  ProgramProcess(std::weak_ptr<ProcessOwner> owner, ChildProcess child, std::size_t max_stderr_line_bytes,
                 EventLoop& loop);

  void begin();
  // Writes after what has been given to it before. What the program does not read waits here.
  void write(std::string line);
  // The program reads the end of its input after what was written.
  void close_input();
  void signal_group(int signal) const noexcept { child_.signal_group(signal); }
  // Goes on after take_line() has said false.
  void resume();
  // Hands over what the program has written to its standard error so far, a line without its end included.
  void read_stderr_now();

  [[nodiscard]] pid_t pid() const noexcept { return child_.pid(); }
  // What waits for the program to read it.
  [[nodiscard]] std::size_t unread_bytes() const noexcept { return unread_bytes_; }

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;

  void write_next();
  void read_stdout();
  void take_stdout(std::string_view bytes);
  void stdout_closed();
  void expect_end();
  void read_stderr();
  void take_stderr(std::string_view bytes);
  void end_stderr_line();
  void wait_for_exit();
  void linger();
  void finish_if_complete();
  void finish();

  const std::weak_ptr<ProcessOwner> owner_;
  EventLoop& loop_;
  ChildProcess child_;
  std::optional<ProgramEnd> end_;
  Descriptor stdin_;
  Descriptor stdout_;
  Descriptor stderr_;
  Descriptor pidfd_;
  std::deque<std::string> unread_;
  std::size_t unread_bytes_ = 0;
  std::size_t sent_of_first_ = 0;
  bool writing_ = false;
  bool input_ends_ = false;
  std::array<char, 16 * 1024> stdout_chunk_;
  std::array<char, 4 * 1024> stderr_chunk_;
  std::string_view held_back_;  // in stdout_chunk_, since a line has said false
  bool paused_ = false;
  bool deaf_ = false;  // what the program writes is not looked at any more
  LineCutter stderr_lines_;
  Timer linger_timer_;
  Timer hang_up_timer_;
  bool finished_ = false;
};

}  // namespace shunt::generation::command
