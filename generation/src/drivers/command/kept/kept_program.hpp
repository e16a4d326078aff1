#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "drivers/command/command_model.hpp"
#include "drivers/command/kept/program_life.hpp"
#include "drivers/command/kept/program_process.hpp"
#include "drivers/command/kept/program_protocol.hpp"
#include "drivers/command/kept/run_folder.hpp"
#include "drivers/command/scratch_space.hpp"
#include "drivers/command/stderr_log.hpp"
#include "drivers/driver_memory.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/generation/generator.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// Who has the kept programs of a model and the runs for them. Called on the programs' loops.
class ProgramKeeper {
 public:
  virtual ~ProgramKeeper() = default;
  // How a program stands now; `failure` says why none of its last starts came to anything.
  virtual void stands(std::size_t program, ProgramLife::State state, std::optional<Error> failure) = 0;
  virtual void started() = 0;
  virtual void ended(ProgramLife::Ending why) = 0;
  // It takes a run from now on, and none any more.
  virtual void offered(std::size_t program) = 0;
  virtual void withdrawn(std::size_t program) = 0;
  // It was given a run when it could not take one any more.
  virtual void given_back(std::shared_ptr<GenerationRun> run) = 0;
};

// One of a model's kept programs, from one process to the next: carries out what ProgramLife decides. On one
// loop, where it is used; the keeper and the space outlive it.
class KeptProgram final : public ProcessOwner, public std::enable_shared_from_this<KeptProgram> {
 public:
  KeptProgram(std::shared_ptr<const CommandModel> model, std::size_t index, ScratchSpace& scratch,
              EventLoop& loop, ProgramKeeper& keeper);

  void begin() { perform(life_.begin()); }
  // For a program that has offered itself.
  void give(std::shared_ptr<GenerationRun> run);
  // Ends it for good; stands() tells when it has ended.
  void close();

  [[nodiscard]] EventLoop& loop() const noexcept { return loop_; }

  bool take_line(std::string_view line) override;
  bool take_part(std::string_view bytes) override;
  void take_stderr_line(std::string_view line) override;
  void hung_up() override;
  void process_ended(ProgramEnd end) override;

 private:
  // What a run has while it is inside.
  struct Inside {
    Inside(std::shared_ptr<GenerationRun> the_run, std::string the_id);
    std::shared_ptr<GenerationRun> run;
    std::string id;
    std::unique_ptr<RunFolder> folder;
    bool awaits_files = false;      // until then the program knows nothing of the run
    std::optional<Error> withheld;  // why it never will
    std::string line;               // until it is written
    DriverMemory memory;
    std::size_t output_bytes = 0;
    StderrLog stderr_log;
    std::optional<std::variant<said::Answer, said::Failure>> last_word;
    std::optional<std::stop_callback<std::function<void()>>> stop_callback;
  };

  void perform(const ProgramLife::Step& step);
  void spawn();
  Result<ChildProcess> spawn_in(const ScratchFolder& folder);
  void arm(std::chrono::milliseconds delay);
  void note_end(ProgramLife::Ending why);
  Result<void> prepare(Inside& inside);
  Result<void> write_line(Inside& inside, const std::map<std::string, std::string>& paths);
  void put_files();
  void files_put(const std::string& id, const Result<std::map<std::string, std::string>>& paths);
  void cancel(const std::string& id);
  void end_run(ProgramLife::RunEnd how);
  void tell_end(Inside& inside, ProgramLife::RunEnd how);
  Error exit_error(std::string_view stderr_tail) const;

  bool listens() const noexcept;
  bool count_output(std::size_t bytes);
  bool hold_for(std::string_view line);
  bool take_word(ProgramWord word);
  bool take_word_of_run(ProgramWord word);
  void read_artifact(const said::ArtifactFile& artifact);
  void artifact_read(const std::string& id, Artifact artifact, Result<std::string> bytes);
  void break_with(Error error);
  bool has_grown_too_large() const;

  const std::shared_ptr<const CommandModel> model_;
  const std::size_t index_;
  ScratchSpace& scratch_;
  EventLoop& loop_;
  ProgramKeeper& keeper_;
  ProgramLife life_;
  Timer timer_;
  std::shared_ptr<ProgramProcess> process_;
  std::optional<ScratchFolder> folder_;
  std::optional<ProgramEnd> end_;       // of the process before
  std::optional<Error> failure_;        // why the program is broken, or was not started
  std::optional<Error> start_failure_;  // the last one, until a program is ready
  StderrLog stderr_log_;                // of what belongs to no run
  std::string part_;                    // of a line
  std::size_t idle_bytes_ = 0;          // said outside of runs since the last one
  std::uint64_t runs_ = 0;              // of all processes, so that no two have the same id
  std::unique_ptr<Inside> inside_;
};

}  // namespace shunt::generation::command
