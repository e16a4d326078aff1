#include "drivers/command/command_run.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <csignal>
#include <fstream>
#include <iterator>
#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::command {
namespace {

using IoError = boost::system::error_code;

// How long the pipes may stay open after the program's end (its group has been killed by then; only a process
// that left the group can hold them).
constexpr std::chrono::milliseconds kLinger{500};
constexpr std::size_t kStderrTailBytes = 2048;
constexpr std::size_t kExcerptBytes = 256;

Error folder_error() {
  return {std::string(error_code::kProgramNotStarted), "no temporary folder could be made for the program",
          true};
}

Error invalid_output(std::string message) {
  return {std::string(error_code::kInvalidOutput), std::move(message)};
}

// The model's, and the request's trace context under the names that OpenTelemetry's tools read.
std::vector<std::string> environment_of(const CommandModel& model,
                                        const GenerationRequest::Context& context) {
  std::vector<std::string> environment = model.environment;
  if (context.traceparent.empty()) return environment;
  std::erase_if(environment, [](const std::string& variable) {
    return variable.starts_with("TRACEPARENT=") || variable.starts_with("TRACESTATE=");
  });
  environment.push_back("TRACEPARENT=" + context.traceparent);
  if (!context.tracestate.empty()) environment.push_back("TRACESTATE=" + context.tracestate);
  return environment;
}

}  // namespace

CommandRun::CommandRun(std::shared_ptr<const CommandModel> model, std::shared_ptr<GenerationRun> run,
                       EventLoop& loop)
    : model_(std::move(model)),
      run_(std::move(run)),
      loop_(loop),
      stdin_(loop.context()),
      stdout_(loop.context()),
      stderr_(loop.context()),
      pidfd_(loop.context()),
      stderr_lines_(model_->options.max_stderr_line_bytes) {}

void CommandRun::begin() {
  if (run_->stop_token().stop_requested()) return run_->stopped();
  auto child = spawn();
  if (!child) return run_->fail(std::move(child).error());
  child_.emplace(std::move(*child));
  stdout_.assign(child_->stdout_pipe.release());
  stderr_.assign(child_->stderr_pipe.release());
  pidfd_.assign(::dup(child_->pidfd()));
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
  const Json& input = run_->input();
  if (options.input == CommandOptions::InputMode::kStdinText) {
    const Json* text = input.is_object() ? input.get_object().if_contains(options.input_text_field) : nullptr;
    return text != nullptr && text->is_string() ? std::string(text->get_string()) : std::string();
  }
  if (options.input == CommandOptions::InputMode::kNone) return std::string();
  std::string text = to_json_text(input);
  if (options.input == CommandOptions::InputMode::kStdinJson) return text;
  std::ofstream(input_file_, std::ios::binary) << text;
  return std::string();
}

Result<ChildProcess> CommandRun::spawn() {
  const CommandOptions& options = model_->options;
  scratch_.emplace();
  if (scratch_->path().empty()) return folder_error();
  input_file_ = scratch_->path() + "/input.json";
  output_file_ = scratch_->path() + "/output";
  auto text = write_input();
  if (!text) return std::move(text).error();
  stdin_text_ = std::move(*text);
  auto argv = model_->argv.fill(run_->input(), {run_->envelope().id.to_string(),
                                                run_->envelope().request.model, input_file_, output_file_});
  if (!argv) return std::move(argv).error();
  return ChildProcess::spawn(
      {.program = model_->program,
       .argv = std::move(*argv),
       .environment = environment_of(*model_, run_->envelope().request.context),
       .working_directory = options.working_directory.empty() ? scratch_->path() : options.working_directory,
       .pipe_stdin = options.input == CommandOptions::InputMode::kStdinJson ||
                     options.input == CommandOptions::InputMode::kStdinText,
       .max_memory_bytes = options.max_memory_bytes,
       .max_cpu_seconds =
           options.max_cpu ? std::optional(static_cast<std::size_t>(options.max_cpu->count())) : std::nullopt,
       .max_file_bytes = options.max_output_bytes});
}

void CommandRun::write_stdin() {
  if (stdin_sent_ == stdin_text_.size()) {
    stdin_.close();
    return;
  }
  stdin_.async_write_some(
      boost::asio::buffer(stdin_text_.data() + stdin_sent_, stdin_text_.size() - stdin_sent_),
      [self = shared_from_this()](const IoError& failure, std::size_t count) {
        self->stdin_sent_ += count;
        if (!failure) return self->write_stdin();
        // A program need not read its input: a closed pipe is its own business.
        IoError ignored;
        self->stdin_.close(ignored);
      });
}

void CommandRun::read_stdout() {
  stdout_.async_read_some(boost::asio::buffer(stdout_chunk_),
                          [self = shared_from_this()](const IoError& failure, std::size_t count) {
                            self->take_stdout({self->stdout_chunk_.data(), count});
                            if (!failure) return self->read_stdout();
                            IoError ignored;
                            self->stdout_.close(ignored);
                            self->finish_if_complete();
                          });
}

void CommandRun::read_stderr() {
  stderr_.async_read_some(boost::asio::buffer(stderr_chunk_), [self = shared_from_this()](
                                                                  const IoError& failure, std::size_t count) {
    for (const std::string& line : self->stderr_lines_.push({self->stderr_chunk_.data(), count})) {
      self->take_stderr_line(line);
    }
    if (!failure) return self->read_stderr();
    if (const auto last = self->stderr_lines_.finish()) self->take_stderr_line(*last);
    IoError ignored;
    self->stderr_.close(ignored);
    self->finish_if_complete();
  });
}

void CommandRun::wait_for_exit() {
  pidfd_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const IoError& failure) {
    if (failure) return;
    // Asio may wake a descriptor for an event of an earlier one with the same number: reaping would then kill
    // a program that is still running.
    if (!self->child_->has_ended()) return self->wait_for_exit();
    self->program_exited();
  });
}

void CommandRun::take_stdout(std::string_view bytes) {
  if (bytes.empty() || output_too_large_) return;
  output_bytes_ += bytes.size();
  if (output_bytes_ > model_->options.max_output_bytes) {
    output_too_large_ = true;
    child_->signal_group(SIGKILL);
    return;
  }
  if (model_->options.output == CommandOptions::OutputMode::kText) {
    run_->delta(bytes);
  } else {
    output_ += bytes;
  }
}

void CommandRun::take_stderr_line(std::string_view line) {
  if (const auto progress = parse_progress(line)) {
    run_->progress(progress->fraction, progress->message);
    return;
  }
  run_->log("info", line);
  stderr_tail_.append(line).append("\n");
  if (stderr_tail_.size() > kStderrTailBytes) stderr_tail_.erase(0, stderr_tail_.size() - kStderrTailBytes);
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
  IoError ignored;
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
  IoError ignored;
  stdout_.close(ignored);
  stderr_.close(ignored);
  if (run_->stop_token().stop_requested()) {
    run_->stopped();
  } else if (output_too_large_) {
    Error error{std::string(error_code::kProgramLimit), "the program's output exceeded its limit of " +
                                                            std::to_string(model_->options.max_output_bytes) +
                                                            " bytes"};
    run_->fail(std::move(error)
                   .with("limit_name", std::string("output"))
                   .with("limit", model_->options.max_output_bytes));
  } else if (auto error = error_of(*end_, model_->options, stderr_tail_)) {
    run_->fail(std::move(*error));
  } else {
    deliver_output();
  }
}

void CommandRun::deliver_output() {
  const CommandOptions& options = model_->options;
  switch (options.output) {
    case CommandOptions::OutputMode::kText:
      return run_->succeed();
    case CommandOptions::OutputMode::kJson: {
      auto value = parse_json(output_);
      if (value) return run_->succeed(std::move(*value));
      return run_->fail(
          invalid_output("the program's output is no JSON: " + value.error().message)
              .with("output_excerpt", to_valid_utf8(std::string_view(output_).substr(0, kExcerptBytes))));
    }
    case CommandOptions::OutputMode::kArtifact: {
      auto bytes = artifact_bytes();
      if (!bytes) return run_->fail(std::move(bytes).error());
      run_->artifact({options.artifact_name, options.artifact_media_type,
                      std::make_shared<const std::string>(std::move(*bytes))});
      return run_->succeed();
    }
  }
}

Result<std::string> CommandRun::artifact_bytes() {
  if (!model_->argv.uses_output_file()) return std::move(output_);
  std::ifstream file(output_file_, std::ios::binary);
  if (!file) return invalid_output("the program exited with code 0 but wrote no {output_file}");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace shunt::command
