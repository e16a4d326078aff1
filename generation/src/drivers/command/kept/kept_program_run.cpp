// What a kept program has to do with the run inside it; kept_program.cpp has its own life.
#include <utility>

#include "drivers/command/input_files.hpp"
#include "drivers/command/kept/kept_program.hpp"
#include "drivers/command/output_file.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

using RunEnd = ProgramLife::RunEnd;
using State = ProgramLife::State;

// A line that belongs to no run, such as `ready`.
constexpr std::size_t kLongestIdleLine = 64 * 1024;
// What a program may say between two runs: the late words of the one before.
constexpr std::size_t kMostIdleBytes = 1024 * 1024;

Error invalid_output(std::string message) {
  return {error_code::kInvalidOutput, std::move(message)};
}

Error line_too_long(std::size_t limit) {
  Error error{error_code::kProgramLimit,
              "the program wrote a line longer than its limit of " + std::to_string(limit) + " bytes"};
  return std::move(error).with("limit_name", std::string("line")).with("limit", limit);
}

Error failure_of(said::Failure failure) {
  Error error{error_code::kGeneratorFailed, displayable(failure.message, LineBreaks::kKept),
              retryable_if(failure.retryable)};
  if (failure.code.empty()) return error;
  return std::move(error).with("program_code", displayable(failure.code));
}

}  // namespace

void KeptProgram::give(std::shared_ptr<GenerationRun> run) {
  // It has ended in the meantime.
  if (life_.state() != State::kReady) return keeper_.given_back(std::move(run));
  // It may have ended on the run's way here, and have offered itself anew.
  keeper_.withdrawn(index_);
  if (run->stop_token().stop_requested()) {
    run->stopped();
    return keeper_.offered(index_);
  }
  std::string id = run->envelope().id.to_string() + '.' + std::to_string(++runs_);
  auto inside = std::make_unique<Inside>(std::move(run), std::move(id));
  if (auto prepared = prepare(*inside); !prepared) {
    inside->folder.reset();
    inside->memory.release();
    inside->run->fail(std::move(prepared).error());
    return keeper_.offered(index_);
  }
  idle_bytes_ = 0;
  inside_ = std::move(inside);
  inside_->stop_callback.emplace(inside_->run->stop_token(),
                                 [weak = weak_from_this(), id = inside_->id, &loop = loop_] {
                                   loop.post([weak, id] {
                                     if (const auto self = weak.lock()) self->cancel(id);
                                   });
                                 });
  perform(life_.given());
}

Result<void> KeptProgram::prepare(Inside& inside) {
  auto folder = RunFolder::make(scratch_, *folder_, std::to_string(runs_));
  if (!folder) return std::move(folder).error();
  inside.folder = std::move(*folder);
  inside.awaits_files = !inside.run->envelope().request.files.empty();
  return inside.awaits_files ? Result<void>() : write_line(inside, {});
}

Result<void> KeptProgram::write_line(Inside& inside, const std::map<std::string, std::string>& paths) {
  inside.line = run_line(inside.id, inside.folder->path(), inside.run->envelope(), paths);
  if (!inside.memory.hold(inside.line.capacity())) return driver_overload();
  return {};
}

// Not on the loop, as in CommandRun. The folder is this program's, which may do with it what it likes.
void KeptProgram::put_files() {
  struct Putting {
    std::weak_ptr<KeptProgram> program;
    std::shared_ptr<const CommandModel> model;
    std::shared_ptr<GenerationRun> run;
    std::string id;
    std::string path;
    std::shared_ptr<OwnedFd> folder;
    Result<std::map<std::string, std::string>> paths;
    EventLoop& loop;
  };
  auto putting = std::make_shared<Putting>(Putting{weak_from_this(), model_, inside_->run, inside_->id,
                                                   inside_->folder->path(), inside_->folder->opened(),
                                                   std::map<std::string, std::string>(), loop_});
  scratch_.files().post([putting = std::move(putting)]() mutable {
    putting->paths = put_input_files(putting->model->files, putting->run->envelope().request.files,
                                     putting->folder->get(), putting->path, putting->run->stop_token());
    // The run may end the generator whose thread this is, so it is let go on the loop.
    EventLoop& loop = putting->loop;
    loop.post([putting = std::move(putting)] {
      if (const auto program = putting->program.lock()) program->files_put(putting->id, putting->paths);
    });
  });
}

void KeptProgram::files_put(const std::string& id, const Result<std::map<std::string, std::string>>& paths) {
  if (!inside_ || inside_->id != id || !inside_->awaits_files || life_.state() != State::kRunning) return;
  Result<void> written = paths ? write_line(*inside_, *paths) : Result<void>(paths.error());
  if (!written) {
    inside_->withheld = std::move(written).error();
    return perform(life_.withheld());
  }
  inside_->awaits_files = false;
  process_->write(std::move(inside_->line));
}

void KeptProgram::cancel(const std::string& id) {
  if (!inside_ || inside_->id != id) return;
  perform(inside_->awaits_files ? life_.withheld() : life_.cancelled());
}

void KeptProgram::end_run(RunEnd how) {
  // What it has said before its last word belongs to this run and to no later one.
  if (process_) process_->read_stderr_now();
  auto inside = std::move(inside_);
  inside->stop_callback.reset();
  inside->stderr_log.finish();
  part_ = {};
  inside->folder.reset();
  inside->memory.release();
  const bool unseen = inside->awaits_files && (how == RunEnd::kExited || how == RunEnd::kBroken);
  if (unseen) return keeper_.given_back(std::move(inside->run));
  tell_end(*inside, how);
}

void KeptProgram::tell_end(Inside& inside, RunEnd how) {
  GenerationRun& run = *inside.run;
  if (how == RunEnd::kStopped || run.stop_token().stop_requested()) return run.stopped();
  const std::string_view tail =
      model_->options.stderr_to_caller ? inside.stderr_log.tail() : std::string_view();
  switch (how) {
    case RunEnd::kAnswered:
      if (auto* const answer = std::get_if<said::Answer>(&*inside.last_word)) {
        return run.succeed(std::move(answer->result));
      }
      return run.fail(failure_of(std::get<said::Failure>(std::move(*inside.last_word))));
    case RunEnd::kBroken:
      return run.fail(*failure_);
    case RunEnd::kExited:
      return run.fail(exit_error(tail));
    case RunEnd::kWithheld:
      return run.fail(*inside.withheld);
    case RunEnd::kStopped:
      return;
  }
}

Error KeptProgram::exit_error(std::string_view stderr_tail) const {
  if (auto error = error_of(*end_, model_->options, stderr_tail)) return std::move(*error);
  Error error{error_code::kProgramExited, "the program exited with code 0 before it had answered"};
  error = std::move(error).with("exit_code", end_->code);
  if (stderr_tail.empty()) return error;
  return std::move(error).with("stderr", to_valid_utf8(stderr_tail));
}

bool KeptProgram::listens() const noexcept {
  switch (life_.state()) {
    case State::kStarting:
    case State::kReady:
    case State::kRunning:
    case State::kCancelling:
      return true;
    case State::kEnded:
    case State::kStopping:
    case State::kBackingOff:
      return false;
  }
  return false;
}

void KeptProgram::break_with(Error error) {
  if (!listens()) return;
  failure_ = std::move(error);
  perform(life_.broken());
}

// False: that was too much.
bool KeptProgram::count_output(std::size_t bytes) {
  std::size_t& counted = inside_ ? inside_->output_bytes : idle_bytes_;
  counted += bytes;
  const std::size_t limit = inside_ ? model_->options.max_output_bytes : kMostIdleBytes;
  if (counted <= limit) return true;
  break_with(output_limit_error(limit));
  return false;
}

bool KeptProgram::take_part(std::string_view bytes) {
  if (!listens()) return true;
  if (!count_output(bytes.size())) return false;
  const std::size_t limit = inside_ ? model_->options.max_line_bytes : kLongestIdleLine;
  if (part_.size() + bytes.size() > limit) {
    break_with(line_too_long(limit));
    return false;
  }
  if (!inside_) {
    part_ += bytes;
    return true;
  }
  if (inside_->memory.append(part_, bytes, process_->unread_bytes())) return true;
  break_with(driver_overload());
  return false;
}

// False: there is no room for what the line becomes.
bool KeptProgram::hold_for(std::string_view line) {
  if (!inside_) return true;
  if (inside_->memory.hold(part_.capacity() + process_->unread_bytes() + json_parse_memory(line)))
    return true;
  break_with(driver_overload());
  return false;
}

bool KeptProgram::take_line(std::string_view line) {
  if (!listens()) return true;
  if (!part_.empty()) {
    if (!take_part(line)) return true;
    line = part_;
  } else if (!count_output(line.size() + 1)) {
    return true;
  }
  const std::size_t limit = inside_ ? model_->options.max_line_bytes : kLongestIdleLine;
  if (line.size() > limit) {
    break_with(line_too_long(limit));
    return true;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return true;
  if (!hold_for(line)) return true;
  auto word = read_program_word(line);
  part_.clear();
  if (word) return take_word(std::move(*word));
  break_with(std::move(word).error());
  return true;
}

bool KeptProgram::take_word(ProgramWord word) {
  const bool is_ready = std::holds_alternative<said::Ready>(word.content);
  if (is_ready != (life_.state() == State::kStarting)) {
    break_with(invalid_output(is_ready ? "the program said twice that it is ready"
                                       : "the program spoke before it said that it is ready"));
    return true;
  }
  if (is_ready) {
    start_failure_.reset();
    log::info("program.ready",
              {{"model", model_->options.model}, {"program", index_}, {"pid", process_->pid()}});
    perform(life_.ready());
    return true;
  }
  // The late words of a run that has ended are nobody's.
  if (!inside_ || inside_->id != word.id) return true;
  return take_word_of_run(std::move(word));
}

bool KeptProgram::take_word_of_run(ProgramWord word) {
  const bool wanted = life_.state() == State::kRunning;
  GenerationRun& run = *inside_->run;
  if (auto* const delta = std::get_if<said::Delta>(&word.content)) {
    if (!wanted) return true;
    if (delta->parts.empty()) {
      run.delta(delta->text);
    } else {
      run.delta(delta->text, std::move(delta->parts));
    }
  } else if (const auto* const progress = std::get_if<said::Progress>(&word.content)) {
    if (wanted) run.progress(progress->fraction, progress->message);
  } else if (const auto* const artifact = std::get_if<said::ArtifactFile>(&word.content)) {
    if (!wanted) return true;
    read_artifact(*artifact);
    return false;
  } else {
    if (auto* const answer = std::get_if<said::Answer>(&word.content)) {
      inside_->last_word = std::move(*answer);
    } else {
      inside_->last_word = std::get<said::Failure>(std::move(word.content));
    }
    perform(life_.answered(has_grown_too_large()));
  }
  return true;
}

// It is not read on the loop: a disk may be slow, and the file large. The program's next lines wait for it.
void KeptProgram::read_artifact(const said::ArtifactFile& said) {
  auto name = name_in_folder(said.path, inside_->folder->path());
  Artifact artifact{said.name, said.media_type, nullptr};
  if (artifact.name.empty() && name) artifact.name = *name;
  if (name && !is_valid_artifact_name(artifact.name)) {
    name = invalid_output("the program's artifact has no name that can be one: \"" +
                          displayable(excerpt(artifact.name)) + '"');
  }
  struct Reading {
    std::weak_ptr<KeptProgram> program;
    std::weak_ptr<ProgramProcess> process;
    std::string id;
    Artifact artifact;
    Result<std::string> name;
    std::shared_ptr<OwnedFd> folder;
    DriverMemory memory;
    std::size_t max_bytes;
    Result<std::string> bytes;
    EventLoop& loop;
  };
  auto reading = std::make_shared<Reading>(
      Reading{weak_from_this(), process_, inside_->id, std::move(artifact), std::move(name),
              inside_->folder->opened(), DriverMemory(inside_->run->memory()),
              model_->options.max_output_bytes, std::string(), loop_});
  scratch_.files().post([reading]() mutable {
    const std::string subject = "the program's artifact \"" + reading->artifact.name + '"';
    reading->bytes = reading->name ? read_output_file(reading->folder->get(), *reading->name,
                                                      reading->max_bytes, reading->memory, subject)
                                   : Result<std::string>(reading->name.error());
    EventLoop& loop = reading->loop;
    loop.post([reading = std::move(reading)] {
      if (const auto program = reading->program.lock()) {
        program->artifact_read(reading->id, std::move(reading->artifact), std::move(reading->bytes));
      }
      reading->memory.release();
      if (const auto process = reading->process.lock()) process->resume();
    });
  });
}

void KeptProgram::artifact_read(const std::string& id, Artifact artifact, Result<std::string> bytes) {
  if (!inside_ || inside_->id != id || life_.state() != State::kRunning) return;
  if (!bytes) return break_with(std::move(bytes).error());
  artifact.bytes = std::make_shared<const std::string>(std::move(*bytes));
  inside_->run->artifact(std::move(artifact));
}

void KeptProgram::take_stderr_line(std::string_view line) {
  const std::string text = displayable(line, LineBreaks::kKept);
  if (!inside_) return stderr_log_.line(text);
  inside_->stderr_log.line(text);
  if (model_->options.stderr_to_caller) inside_->run->log("info", text);
}

void KeptProgram::hung_up() {
  break_with(invalid_output("the program closed its standard input or output"));
}

}  // namespace shunt::generation::command
