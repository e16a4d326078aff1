#include "drivers/command/kept/kept_program.hpp"

#include <csignal>
#include <utility>

#include "drivers/command/confinement.hpp"
#include "drivers/command/program_environment.hpp"
#include "drivers/command/resident_memory.hpp"
#include "shunt/base/duration_text.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

using Ending = ProgramLife::Ending;
using RunEnd = ProgramLife::RunEnd;
using State = ProgramLife::State;

ProgramLife::Limits limits_of(const CommandOptions& options) {
  return {.ready_timeout = options.ready_timeout,
          .cancel_grace = options.cancel_grace,
          .kill_after = options.kill_after,
          .recycle_after = options.recycle_after};
}

Error never_ready(const CommandOptions& options) {
  return {error_code::kProgramNotStarted,
          "the program did not say within " + format_duration(options.ready_timeout) + " that it is ready",
          Retryable::kYes};
}

Error exited_before_ready(const ProgramEnd& end) {
  return {error_code::kProgramNotStarted,
          end.exited ? "the program exited with code " + std::to_string(end.code) + " before it was ready"
                     : "the program was killed by " + signal_name(end.code) + " before it was ready",
          Retryable::kYes};
}

}  // namespace

KeptProgram::Inside::Inside(std::shared_ptr<GenerationRun> the_run, std::string the_id)
    : run(std::move(the_run)),
      id(std::move(the_id)),
      memory(run->memory()),
      stderr_log(run->envelope().id.to_string(), run->envelope().request.model) {}

KeptProgram::KeptProgram(std::shared_ptr<const CommandModel> model, std::size_t index, ScratchSpace& scratch,
                         EventLoop& loop, ProgramKeeper& keeper)
    : model_(std::move(model)),
      index_(index),
      scratch_(scratch),
      loop_(loop),
      keeper_(keeper),
      life_(limits_of(model_->options)),
      stderr_log_("", model_->options.model) {}

void KeptProgram::close() {
  const ProgramLife::Step step = life_.close();
  // The keeper may go as soon as it is told that the last program has ended, so it is told once.
  if (step != ProgramLife::Step{}) return perform(step);
  if (life_.state() == State::kEnded) keeper_.stands(index_, State::kEnded, std::nullopt);
}

// The order is that of the members of Step.
void KeptProgram::perform(const ProgramLife::Step& step) {
  if (step == ProgramLife::Step{}) return;
  if (step.withdraws) keeper_.withdrawn(index_);
  if (step.ends_run) end_run(*step.ends_run);
  if (step.writes_run) {
    if (inside_->awaits_files) {
      put_files();
    } else {
      process_->write(std::move(inside_->line));
    }
  }
  if (step.writes_cancel) process_->write(cancel_line(inside_->id));
  if (step.closes_input) process_->close_input();
  if (step.signal) {
    process_->signal_group(*step.signal == ProgramLife::Signal::kKill ? SIGKILL : SIGTERM);
  }
  if (step.ended) note_end(*step.ended);
  keeper_.stands(index_, life_.state(), life_.failing() ? start_failure_ : std::nullopt);
  if (step.timer) arm(*step.timer);
  // Each of these two may come back here before it returns.
  if (step.spawns) spawn();
  if (step.offers) keeper_.offered(index_);
}

void KeptProgram::arm(std::chrono::milliseconds delay) {
  timer_.cancel();
  if (delay.count() == 0) return;
  timer_ = loop_.after(delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->perform(self->life_.timer_fired());
  });
}

void KeptProgram::spawn() {
  part_ = {};
  idle_bytes_ = 0;
  end_.reset();
  failure_.reset();
  auto folder = scratch_.make(true);
  auto child = folder ? spawn_in(*folder) : Result<ChildProcess>(folder.error());
  if (!child) {
    failure_ = std::move(child).error();
    return perform(life_.spawn_failed());
  }
  folder_.emplace(std::move(*folder));
  keeper_.started();
  process_ = std::make_shared<ProgramProcess>(weak_from_this(), std::move(*child),
                                              model_->options.max_stderr_line_bytes, loop_);
  process_->begin();
}

Result<ChildProcess> KeptProgram::spawn_in(const ScratchFolder& folder) {
  const CommandOptions& options = model_->options;
  RunPlaces places;
  places.model = options.model;
  auto argv = model_->argv.fill(JsonObject(), places);
  if (!argv) return std::move(argv).error();
  auto confinement = make_confinement(options, model_->landlock_abi, model_->program, folder.path());
  if (!confinement) return std::move(confinement).error();
  return ChildProcess::spawn(
      {.program = model_->program,
       .argv = std::move(*argv),
       .environment = program_environment(model_->environment, folder.path()),
       .working_directory = options.working_directory.empty() ? folder.path() : options.working_directory,
       .pipe_stdin = true,
       .max_memory_bytes = options.max_memory_bytes,
       .max_cpu_seconds = std::nullopt,
       .max_file_bytes = options.max_output_bytes,
       .confinement = &*confinement});
}

void KeptProgram::note_end(Ending why) {
  stderr_log_.finish();
  process_.reset();
  folder_.reset();
  if (why == Ending::kNeverReady) failure_ = never_ready(model_->options);
  if (!failure_ && end_ && life_.failing()) failure_ = exited_before_ready(*end_);
  if (life_.failing()) start_failure_ = failure_;
  keeper_.ended(why);
  const bool wanted = why == Ending::kRecycled || why == Ending::kClosed;
  log::write(wanted ? log::Level::kInfo : log::Level::kWarn, "program.ended",
             {{"model", model_->options.model},
              {"program", index_},
              {"reason", to_string(why)},
              {"exit_code", end_ && end_->exited ? std::to_string(end_->code) : std::string()},
              {"signal", end_ && !end_->exited ? signal_name(end_->code) : std::string()},
              {"failure", failure_ ? failure_->message : std::string()}});
}

void KeptProgram::process_ended(ProgramEnd end) {
  end_ = end;
  perform(life_.exited());
}

bool KeptProgram::has_grown_too_large() const {
  const auto& limit = model_->options.recycle_memory_bytes;
  return limit && process_ && resident_bytes(process_->pid()) > *limit;
}

}  // namespace shunt::generation::command
