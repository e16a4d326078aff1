#include "drivers/command/command_run.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "drivers/command/confinement.hpp"
#include "drivers/command/input_files.hpp"
#include "drivers/command/output_file.hpp"
#include "drivers/command/program_environment.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

// How long the pipes may stay open after the program's end (its group has been killed by then; only a process
// that left the group can hold them).
constexpr std::chrono::milliseconds kLinger{500};
constexpr std::size_t kExcerptBytes = 256;

Error input_error(int number) {
  return {error_code::kProgramNotStarted,
          std::string("the program's input file could not be written: ") + std::strerror(number),
          Retryable::kYes};
}

// False with errno set. The folder is fresh: a file of this name is nobody's.
bool write_file(const std::string& path, std::string_view text) {
  const OwnedFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.valid()) return false;
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

Error invalid_output(std::string message) {
  return {error_code::kInvalidOutput, std::move(message)};
}

}  // namespace

CommandRun::CommandRun(std::shared_ptr<const CommandModel> model, std::shared_ptr<GenerationRun> run,
                       EventLoop& loop, ScratchSpace& scratch)
    : model_(std::move(model)),
      run_(std::move(run)),
      loop_(loop),
      scratch_(scratch),
      stdin_(loop.context()),
      stdout_(loop.context()),
      stderr_(loop.context()),
      pidfd_(loop.context()),
      memory_(run_->memory()),
      file_memory_(run_->memory()),
      stderr_lines_(model_->options.max_stderr_line_bytes),
      stderr_log_(run_->envelope().id.to_string(), run_->envelope().request.model) {}

void CommandRun::begin() {
  if (run_->stop_token().stop_requested()) return run_->stopped();
  if (auto made = make_folder(); !made) return fail(std::move(made).error());
  if (run_->envelope().request.files.empty()) return start();
  put_files();
}

// Not on the loop: a disk may be slow, and the files large. Meanwhile the generation may be asked to stop;
// its program is then not started.
void CommandRun::put_files() {
  scratch_.files().post([self = shared_from_this()]() mutable {
    auto paths =
        std::make_shared<Result<std::map<std::string, std::string>>>(std::map<std::string, std::string>());
    const OwnedFd folder(
        ::open(self->folder_->path().c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    *paths = folder.valid() ? put_input_files(self->model_->files, self->run_->envelope().request.files,
                                              folder.get(), self->folder_->path(), self->run_->stop_token())
                            : input_error(errno);
    // It ends on its loop, so no reference stays here.
    EventLoop& loop = self->loop_;
    loop.post([self = std::move(self), paths] {
      if (self->run_->stop_token().stop_requested()) return self->stopped();
      if (!*paths) return self->fail(std::move(*paths).error());
      self->input_with_files_ = input_with_files(self->run_->envelope().request, **paths);
      self->start();
    });
  });
}

void CommandRun::start() {
  auto child = spawn(*folder_);
  if (!child) return fail(std::move(child).error());
  child_.emplace(std::move(*child));
  stdout_.assign(child_->stdout_pipe.release());
  stderr_.assign(child_->stderr_pipe.release());
  pidfd_.assign(child_->pidfd.release());
  wait_for_exit();
  read_stdout();
  read_stderr();
  if (child_->stdin_pipe.valid()) {
    stdin_.assign(child_->stdin_pipe.release());
    write_stdin();
  }
  stop_callback_.emplace(run_->stop_token(), [weak = weak_from_this(), &loop = loop_] {
    loop.post([weak] {
      if (const auto self = weak.lock()) self->stop();
    });
  });
}

Result<std::string> CommandRun::write_input() {
  const CommandOptions& options = model_->options;
  const Json& input = given_input();
  if (options.input == CommandOptions::InputMode::kStdinText) {
    const Json* text = input.is_object() ? input.get_object().if_contains(options.input_text_field) : nullptr;
    return text != nullptr && text->is_string() ? std::string(text->get_string()) : std::string();
  }
  if (options.input == CommandOptions::InputMode::kNone) return std::string();
  std::string text = to_json_text(input);
  if (options.input == CommandOptions::InputMode::kStdinJson) return text;
  if (!write_file(input_file_, text)) return input_error(errno);
  return std::string();
}

Result<void> CommandRun::make_folder() {
  auto folder = scratch_.make(model_->argv.uses_output_file());
  if (!folder) return std::move(folder).error();
  folder_.emplace(std::move(*folder));
  return {};
}

Result<ChildProcess> CommandRun::spawn(const ScratchFolder& folder) {
  const CommandOptions& options = model_->options;
  const Envelope& envelope = run_->envelope();
  input_file_ = folder.path() + "/input.json";
  auto text = write_input();
  if (!text) return std::move(text).error();
  stdin_text_ = std::move(*text);
  if (!memory_.hold(other_bytes())) return driver_overload();
  auto argv = model_->argv.fill(given_input(), {envelope.id.to_string(), envelope.request.model, input_file_,
                                                folder.output_path(options.artifact_name)});
  if (!argv) return std::move(argv).error();
  auto confinement = make_confinement(options, model_->landlock_abi, model_->program, folder.path());
  if (!confinement) return std::move(confinement).error();
  return ChildProcess::spawn(
      {.program = model_->program,
       .argv = std::move(*argv),
       .environment = program_environment(model_->environment, folder.path(), envelope.request.context),
       .working_directory = options.working_directory.empty() ? folder.path() : options.working_directory,
       .pipe_stdin = options.input == CommandOptions::InputMode::kStdinJson ||
                     options.input == CommandOptions::InputMode::kStdinText,
       .max_memory_bytes = options.max_memory_bytes,
       .max_cpu_seconds =
           options.max_cpu ? std::optional(static_cast<std::size_t>(options.max_cpu->count())) : std::nullopt,
       .max_file_bytes = options.max_output_bytes,
       .confinement = &*confinement});
}

void CommandRun::write_stdin() {
  if (stdin_sent_ == stdin_text_.size()) {
    stdin_.close();
    return;
  }
  stdin_.async_write_some(
      boost::asio::buffer(stdin_text_.data() + stdin_sent_, stdin_text_.size() - stdin_sent_),
      [self = shared_from_this()](const boost::system::error_code& failure, std::size_t count) {
        self->stdin_sent_ += count;
        if (!failure) return self->write_stdin();
        // A program need not read its input: a closed pipe is its own business.
        boost::system::error_code ignored;
        self->stdin_.close(ignored);
      });
}

void CommandRun::read_stdout() {
  stdout_.async_read_some(
      boost::asio::buffer(stdout_chunk_),
      [self = shared_from_this()](const boost::system::error_code& failure, std::size_t count) {
        self->take_stdout({self->stdout_chunk_.data(), count});
        if (!failure) return self->read_stdout();
        boost::system::error_code ignored;
        self->stdout_.close(ignored);
        self->finish_if_complete();
      });
}

void CommandRun::read_stderr() {
  stderr_.async_read_some(
      boost::asio::buffer(stderr_chunk_),
      [self = shared_from_this()](const boost::system::error_code& failure, std::size_t count) {
        self->take_stderr({self->stderr_chunk_.data(), count});
        if (!failure) return self->read_stderr();
        if (const auto last = self->stderr_lines_.finish()) self->take_stderr_line(*last);
        boost::system::error_code ignored;
        self->stderr_.close(ignored);
        self->finish_if_complete();
      });
}

void CommandRun::wait_for_exit() {
  pidfd_.async_wait(Descriptor::wait_read,
                    [self = shared_from_this()](const boost::system::error_code& failure) {
                      if (failure) return;
                      // Asio may wake a descriptor for an event of an earlier one with the same number:
                      // reaping would then kill a program that is still running.
                      if (!self->child_->has_ended()) return self->wait_for_exit();
                      self->program_exited();
                    });
}

void CommandRun::take_stdout(std::string_view bytes) {
  if (bytes.empty() || refused_) return;
  output_bytes_ += bytes.size();
  if (output_bytes_ > model_->options.max_output_bytes) {
    return refuse_output(output_limit_error(model_->options.max_output_bytes));
  }
  if (model_->options.output == CommandOptions::OutputMode::kText) {
    run_->delta(bytes);
  } else if (!memory_.append(output_, bytes, other_bytes())) {
    refuse_output(driver_overload());
  }
}

void CommandRun::refuse_output(Error error) {
  refused_ = std::move(error);
  output_ = {};
  child_->signal_group(SIGKILL);
}

void CommandRun::take_stderr(std::string_view bytes) {
  for (const std::string& line : stderr_lines_.push(bytes)) take_stderr_line(line);
  if (!refused_ && !memory_.hold(output_.capacity() + other_bytes())) refuse_output(driver_overload());
}

std::size_t CommandRun::other_bytes() const noexcept {
  return stdin_text_.capacity() + stderr_lines_.held_bytes() + stderr_log_.tail().capacity();
}

void CommandRun::take_stderr_line(std::string_view line) {
  const std::string text = displayable(line, LineBreaks::kKept);
  if (const auto progress = parse_progress(text)) {
    run_->progress(progress->fraction, progress->message);
    return;
  }
  stderr_log_.line(text);
  if (model_->options.stderr_to_caller) run_->log("info", text);
}

void CommandRun::stop() {
  if (end_ || kill_timer_.pending()) return;
  child_->signal_group(SIGTERM);
  kill_timer_ = loop_.after(model_->options.kill_after, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->end_) self->child_->signal_group(SIGKILL);
  });
}

void CommandRun::program_exited() {
  end_ = child_->reap();
  pidfd_.close();
  kill_timer_.cancel();
  boost::system::error_code ignored;
  stdin_.close(ignored);
  linger_timer_ = loop_.after(kLinger, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->finish();
  });
  finish_if_complete();
}

void CommandRun::finish_if_complete() {
  if (end_ && !stdout_.is_open() && !stderr_.is_open()) finish();
}

void CommandRun::finish() {
  if (std::exchange(finished_, true)) return;
  linger_timer_.cancel();
  stop_callback_.reset();
  boost::system::error_code ignored;
  stdout_.close(ignored);
  stderr_.close(ignored);
  stderr_log_.finish();
  if (run_->stop_token().stop_requested()) return stopped();
  if (refused_) return fail(std::move(*refused_));
  const std::string_view caller_log =
      model_->options.stderr_to_caller ? stderr_log_.tail() : std::string_view();
  if (auto error = error_of(*end_, model_->options, caller_log)) return fail(std::move(*error));
  deliver_output();
}

void CommandRun::deliver_output() {
  switch (model_->options.output) {
    case CommandOptions::OutputMode::kText:
      return succeed();
    case CommandOptions::OutputMode::kJson:
      return deliver_json();
    case CommandOptions::OutputMode::kArtifact:
      if (model_->argv.uses_output_file()) return read_output_file();
      return deliver_artifact(std::move(output_));
  }
}

void CommandRun::deliver_json() {
  if (!memory_.hold(output_.capacity() + other_bytes() + json_parse_memory(output_))) {
    return fail(driver_overload());
  }
  auto value = parse_json(output_);
  if (value) return succeed(std::move(*value));
  const std::string_view excerpt = std::string_view(output_).substr(0, kExcerptBytes);
  fail(invalid_output("the program's output is no JSON: " + value.error().message)
           .with("output_excerpt", to_valid_utf8(excerpt)));
}

// It is not read on the loop: a disk may be slow, and the file large.
void CommandRun::read_output_file() {
  scratch_.files().post([self = shared_from_this()] {
    const CommandOptions& options = self->model_->options;
    auto bytes = std::make_shared<Result<std::string>>(command::read_output_file(
        self->folder_->output_folder(), options.artifact_name, options.max_output_bytes, self->file_memory_));
    self->loop_.post([self, bytes] { self->deliver_artifact(std::move(*bytes)); });
  });
}

void CommandRun::deliver_artifact(Result<std::string> bytes) {
  if (run_->stop_token().stop_requested()) return stopped();
  if (!bytes) return fail(std::move(bytes).error());
  const CommandOptions& options = model_->options;
  run_->artifact({options.artifact_name, options.artifact_media_type,
                  std::make_shared<const std::string>(std::move(*bytes))});
  succeed();
}

void CommandRun::let_go() {
  folder_.reset();
  output_ = {};
  memory_.release();
  file_memory_.release();
}

void CommandRun::succeed(Json result) {
  let_go();
  run_->succeed(std::move(result));
}

void CommandRun::fail(Error error) {
  let_go();
  run_->fail(std::move(error));
}

void CommandRun::stopped() {
  let_go();
  run_->stopped();
}

}  // namespace shunt::generation::command
