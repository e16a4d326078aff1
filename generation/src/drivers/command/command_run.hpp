#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "drivers/command/argv_template.hpp"
#include "drivers/command/child_process.hpp"
#include "drivers/command/scratch_folder.hpp"
#include "drivers/command/stderr_lines.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/generation/drivers/command.hpp"
#include "shunt/generation/generator.hpp"

namespace shunt::command {

// What all runs of one model share.
struct CommandModel {
  CommandOptions options;
  ArgvTemplate argv;
  std::string program;                   // argv[0], found in PATH
  std::vector<std::string> environment;  // "NAME=value"
};

// One program run, on one loop from start to end. Ends when the program has exited and its output has been
// read; what a grandchild keeps open is not awaited for longer than kLinger.
class CommandRun : public std::enable_shared_from_this<CommandRun> {
 public:
  CommandRun(std::shared_ptr<const CommandModel> model, std::shared_ptr<GenerationRun> run, EventLoop& loop);

  // On the loop's thread.
  void begin();

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;

  Result<ChildProcess> spawn();
  Result<std::string> write_input();
  void write_stdin();
  void read_stdout();
  void read_stderr();
  void wait_for_exit();
  void take_stdout(std::string_view bytes);
  void take_stderr_line(std::string_view line);
  void stop();
  void program_exited();
  void finish_if_complete();
  void finish();
  void deliver_output();
  Result<std::string> artifact_bytes();

  const std::shared_ptr<const CommandModel> model_;
  const std::shared_ptr<GenerationRun> run_;
  EventLoop& loop_;
  std::optional<ScratchFolder> scratch_;
  std::string input_file_;
  std::string output_file_;
  std::string stdin_text_;
  std::size_t stdin_sent_ = 0;

  std::optional<ChildProcess> child_;
  std::optional<ProgramEnd> end_;
  Descriptor stdin_;
  Descriptor stdout_;
  Descriptor stderr_;
  Descriptor pidfd_;
  std::array<char, 16 * 1024> stdout_chunk_;
  std::array<char, 4 * 1024> stderr_chunk_;
  std::string output_;  // unless it is passed on as text
  std::size_t output_bytes_ = 0;
  bool output_too_large_ = false;
  LineCutter stderr_lines_;
  std::string stderr_tail_;
  std::optional<std::stop_callback<std::function<void()>>> stop_callback_;
  Timer kill_timer_;
  Timer linger_timer_;
  bool finished_ = false;
};

}  // namespace shunt::command
