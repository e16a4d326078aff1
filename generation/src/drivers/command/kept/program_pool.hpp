#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "drivers/command/kept/kept_program.hpp"
#include "shunt/generation/kept_programs.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// The kept programs of a model, and the runs that wait for one of them. Any thread; programs are told on
// their loops, and nothing is told while the mutex is held.
class ProgramPool final : public ProgramKeeper, public std::enable_shared_from_this<ProgramPool> {
 public:
  ProgramPool(std::shared_ptr<const CommandModel> model, EventLoopThreads& loops, ScratchSpace& scratch);

  // Starts the programs, if that was not done.
  void begin();
  // Gives the run to a program, now or when one is free. Fails it at once where no program starts. On a
  // loop's thread.
  void start(std::shared_ptr<GenerationRun> run);
  // Ends the programs and waits until they have ended, for as long as they may take. No run is there any
  // more. Not on a loop's thread.
  void close();
  [[nodiscard]] KeptProgramsStatus status() const;

  void stands(std::size_t program, ProgramLife::State state, std::optional<Error> failure) override;
  void started() override;
  void ended(ProgramLife::Ending why) override;
  void offered(std::size_t program) override;
  void withdrawn(std::size_t program) override;
  void given_back(std::shared_ptr<GenerationRun> run) override;

 private:
  enum class Place { kFront, kBack };
  struct Waiting {
    std::shared_ptr<GenerationRun> run;
    std::optional<std::stop_callback<std::function<void()>>> stop_callback;
  };
  struct Standing {
    ProgramLife::State state = ProgramLife::State::kEnded;
    std::optional<Error> failure;
  };

  void place(std::shared_ptr<GenerationRun> run, Place where);
  void deliver(std::size_t program, std::shared_ptr<GenerationRun> run);
  void run_on_loop_of(std::size_t program, std::function<void(KeptProgram&)> fn);
  void stop_waiting(const GenerationRun* run);
  [[nodiscard]] std::optional<std::size_t> take_free();
  // Why no program starts; nullptr: one does, or may.
  [[nodiscard]] const Error* failure() const;

  const std::shared_ptr<const CommandModel> model_;
  std::vector<std::shared_ptr<KeptProgram>> programs_;

  mutable std::mutex mutex_;  // guards what follows
  bool begun_ = false;
  bool closing_ = false;
  bool settled_ = false;
  std::vector<Standing> standings_;
  std::vector<std::size_t> free_;
  std::list<Waiting> waiting_;
  std::uint64_t starts_ = 0;
  std::array<std::uint64_t, KeptProgramsStatus::kReasons> ends_{};
  std::condition_variable all_ended_;
};

}  // namespace shunt::generation::command
