#include "drivers/command/kept/program_pool.hpp"

#include <algorithm>
#include <utility>

#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

using Ending = ProgramLife::Ending;
using State = ProgramLife::State;

// Beyond what a program may take to end: a killed one is reaped, and its pipes are let go.
constexpr std::chrono::seconds kReapingTime{2};

constexpr std::array<Ending, KeptProgramsStatus::kReasons> kEndings{
    Ending::kExited,     Ending::kNotStarted, Ending::kNeverReady, Ending::kBroken,
    Ending::kUnanswered, Ending::kRecycled,   Ending::kClosed};

Error none_starts(std::size_t keep, const Error& why) {
  Error error{error_code::kProgramNotStarted,
              (keep == 1 ? std::string("the model's program is not ready: ")
                         : "none of the model's " + std::to_string(keep) + " programs is ready: ") +
                  why.message,
              Retryable::kYes, why.details};
  return error;
}

}  // namespace

ProgramPool::ProgramPool(std::shared_ptr<const CommandModel> model, EventLoopThreads& loops,
                         ScratchSpace& scratch)
    : model_(std::move(model)), standings_(model_->options.keep) {
  for (std::size_t i = 0; i < model_->options.keep; ++i) {
    programs_.push_back(std::make_shared<KeptProgram>(model_, i, scratch, loops.at(i % loops.size()), *this));
  }
}

void ProgramPool::begin() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(begun_, true)) return;
    // From here on close() waits for them, whenever their loops come to it.
    for (Standing& each : standings_) each.state = State::kStarting;
  }
  for (std::size_t i = 0; i < programs_.size(); ++i) {
    run_on_loop_of(i, [](KeptProgram& program) { program.begin(); });
  }
}

void ProgramPool::start(std::shared_ptr<GenerationRun> run) {
  begin();
  place(std::move(run), Place::kBack);
}

void ProgramPool::given_back(std::shared_ptr<GenerationRun> run) {
  place(std::move(run), Place::kFront);
}

void ProgramPool::place(std::shared_ptr<GenerationRun> run, Place where) {
  if (run->stop_token().stop_requested()) return run->stopped();
  std::optional<std::size_t> program;
  std::optional<Error> refused;
  {
    const std::lock_guard lock(mutex_);
    program = take_free();
    if (!program) {
      if (const Error* const why = failure()) refused = none_starts(programs_.size(), *why);
    }
    if (!program && !refused) {
      const auto at = waiting_.emplace(where == Place::kFront ? waiting_.begin() : waiting_.end());
      at->run = run;
      // It only posts, so that it may be called under the mutex, and destroyed anywhere.
      at->stop_callback.emplace(
          run->stop_token(), [weak = weak_from_this(), key = run.get(), loop = &programs_.front()->loop()] {
            loop->post([weak, key] {
              if (const auto self = weak.lock()) self->stop_waiting(key);
            });
          });
    }
  }
  if (program) return deliver(*program, std::move(run));
  if (refused) run->fail(std::move(*refused));
}

void ProgramPool::stop_waiting(const GenerationRun* run) {
  std::list<Waiting> taken;
  {
    const std::lock_guard lock(mutex_);
    // Another run may lie where this one did.
    const auto found = std::ranges::find_if(waiting_, [run](const Waiting& each) {
      return each.run.get() == run && each.run->stop_token().stop_requested();
    });
    if (found == waiting_.end()) return;
    taken.splice(taken.end(), waiting_, found);
  }
  taken.front().stop_callback.reset();
  taken.front().run->stopped();
}

// A program of the calling loop first: another one costs a way between threads.
std::optional<std::size_t> ProgramPool::take_free() {
  if (free_.empty()) return std::nullopt;
  const EventLoop* const here = EventLoop::current();
  auto found =
      std::ranges::find_if(free_, [&](std::size_t program) { return &programs_[program]->loop() == here; });
  if (found == free_.end()) found = std::prev(free_.end());
  const std::size_t program = *found;
  free_.erase(found);
  return program;
}

const Error* ProgramPool::failure() const {
  const Error* last = nullptr;
  for (const Standing& standing : standings_) {
    if (!standing.failure) return nullptr;
    last = &*standing.failure;
  }
  return last;
}

void ProgramPool::deliver(std::size_t program, std::shared_ptr<GenerationRun> run) {
  run_on_loop_of(program, [run = std::move(run)](KeptProgram& to) { to.give(run); });
}

void ProgramPool::run_on_loop_of(std::size_t program, std::function<void(KeptProgram&)> fn) {
  const auto& kept = programs_[program];
  if (&kept->loop() == EventLoop::current()) return fn(*kept);
  kept->loop().post([weak = std::weak_ptr<KeptProgram>(kept), fn = std::move(fn)] {
    if (const auto alive = weak.lock()) fn(*alive);
  });
}

void ProgramPool::offered(std::size_t program) {
  std::list<Waiting> next;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return free_.push_back(program);
    next.splice(next.end(), waiting_, waiting_.begin());
  }
  next.front().stop_callback.reset();
  deliver(program, std::move(next.front().run));
}

void ProgramPool::withdrawn(std::size_t program) {
  const std::lock_guard lock(mutex_);
  std::erase(free_, program);
}

void ProgramPool::stands(std::size_t program, State state, std::optional<Error> failure_of_it) {
  std::list<Waiting> hopeless;
  std::optional<Error> why;
  {
    const std::lock_guard lock(mutex_);
    standings_[program] = {state, std::move(failure_of_it)};
    const Error* const no_start = failure();
    settled_ = settled_ || state == State::kReady || no_start != nullptr;
    if (no_start != nullptr) {
      why = none_starts(programs_.size(), *no_start);
      hopeless.swap(waiting_);
    }
    if (closing_ && state == State::kEnded) all_ended_.notify_all();
  }
  for (Waiting& each : hopeless) {
    each.stop_callback.reset();
    each.run->fail(*why);
  }
}

void ProgramPool::started() {
  const std::lock_guard lock(mutex_);
  ++starts_;
}

void ProgramPool::ended(Ending why) {
  const std::lock_guard lock(mutex_);
  ++ends_.at(static_cast<std::size_t>(std::ranges::find(kEndings, why) - kEndings.begin()));
}

void ProgramPool::close() {
  {
    const std::lock_guard lock(mutex_);
    if (!begun_) return;
    closing_ = true;
  }
  for (std::size_t i = 0; i < programs_.size(); ++i) {
    run_on_loop_of(i, [](KeptProgram& program) { program.close(); });
  }
  const CommandOptions& options = model_->options;
  std::unique_lock lock(mutex_);
  const bool ended =
      all_ended_.wait_for(lock, options.cancel_grace + options.kill_after + kReapingTime, [this] {
        return std::ranges::all_of(standings_,
                                   [](const Standing& each) { return each.state == State::kEnded; });
      });
  if (!ended) log::warn("programs.not_ended", {{"model", options.model}});
}

KeptProgramsStatus ProgramPool::status() const {
  KeptProgramsStatus status{.keep = programs_.size()};
  const std::lock_guard lock(mutex_);
  status.begun = begun_;
  status.settled = settled_;
  status.starts = starts_;
  for (const Standing& standing : standings_) {
    if (standing.state == State::kReady) ++status.idle;
    if (standing.state == State::kRunning || standing.state == State::kCancelling) ++status.busy;
  }
  if (const Error* const why = failure()) status.failure = why->message;
  for (std::size_t i = 0; i < kEndings.size(); ++i)
    status.ends.at(i) = {to_string(kEndings.at(i)), ends_.at(i)};
  return status;
}

}  // namespace shunt::generation::command
