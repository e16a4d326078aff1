#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "drivers/command/child_process.hpp"
#include "drivers/command/command_model.hpp"
#include "drivers/command/scratch_space.hpp"
#include "drivers/command/stderr_lines.hpp"
#include "drivers/command/stderr_log.hpp"
#include "drivers/driver_memory.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/generation/drivers/command.hpp"
#include "shunt/generation/generator.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// One program run, on one loop from start to end. Ends when the program has exited and its output has been
// read; what a grandchild keeps open is not awaited for longer than kLinger. Its folder is let go before the
// run ends, since the generator, whose `scratch` it is, lives only as long as its runs.
class CommandRun : public std::enable_shared_from_this<CommandRun> {
 public:
  CommandRun(std::shared_ptr<const CommandModel> model, std::shared_ptr<GenerationRun> run, EventLoop& loop,
             ScratchSpace& scratch);

  // On the loop's thread.
  void begin();

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;

  Result<void> make_folder();
  void put_files();
  void start();
  Result<ChildProcess> spawn(const ScratchFolder& folder);
  // What the program is told: with a path for each file.
  [[nodiscard]] const Json& given_input() const noexcept {
    return input_with_files_ ? *input_with_files_ : run_->input();
  }
  Result<std::string> write_input();
  void write_stdin();
  void read_stdout();
  void read_stderr();
  void wait_for_exit();
  void take_stdout(std::string_view bytes);
  void take_stderr(std::string_view bytes);
  void take_stderr_line(std::string_view line);
  void refuse_output(Error error);
  // What is held beside the output.
  [[nodiscard]] std::size_t other_bytes() const noexcept;
  void stop();
  void program_exited();
  void finish_if_complete();
  void finish();
  void deliver_output();
  void deliver_json();
  void read_output_file();
  void deliver_artifact(Result<std::string> bytes);
  // The ends of the run.
  void let_go();
  void succeed(Json result = nullptr);
  void fail(Error error);
  void stopped();

  const std::shared_ptr<const CommandModel> model_;
  const std::shared_ptr<GenerationRun> run_;
  EventLoop& loop_;
  ScratchSpace& scratch_;
  std::optional<ScratchFolder> folder_;
  std::optional<Json> input_with_files_;
  std::string input_file_;
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
  DriverMemory memory_;
  DriverMemory file_memory_;  // for the thread that reads the output file
  std::string output_;        // unless it is passed on as text
  std::size_t output_bytes_ = 0;
  std::optional<Error> refused_;  // why the program's output was not taken to its end
  LineCutter stderr_lines_;
  StderrLog stderr_log_;
  std::optional<std::stop_callback<std::function<void()>>> stop_callback_;
  Timer kill_timer_;
  Timer linger_timer_;
  bool finished_ = false;
};

}  // namespace shunt::generation::command
