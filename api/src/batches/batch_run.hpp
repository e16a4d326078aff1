#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "batches/batch_check.hpp"
#include "batches/batch_folder.hpp"
#include "batches/batch_progress.hpp"
#include "batches/input_lines.hpp"
#include "batches/line_run.hpp"
#include "batches/result_files.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::batches {

// What the runs of a process share.
class RunOwner {
 public:
  virtual ~RunOwner() = default;
  // Whether one more line of the caller's may run; if so, it counts until it is freed.
  [[nodiscard]] virtual bool take_slot(const std::string& caller) = 0;
  virtual void free_slot(const std::string& caller) = 0;
  virtual void line_ended(const LineResult& result) = 0;
  virtual void batch_ended(const Batch& batch) = 0;
  // The run does nothing any more: the batch has ended, or cannot go on for now (`why`).
  virtual void over(const std::string& batch_id, std::optional<Error> why) = 0;
};

// A batch that this process runs, from where it was left to its end. All on the loop's thread, in small steps
// that wait for the disk; what fails there ends the run, and the next one goes on.
class BatchRun {
 public:
  // `process` names this one. All arguments that are references outlive it.
  BatchRun(const RunContext& context, RunOwner& owner, BatchPlace place, Batch batch, std::string process);
  ~BatchRun();
  BatchRun(const BatchRun&) = delete;
  BatchRun& operator=(const BatchRun&) = delete;

  // Looks soon whether it is to be cancelled.
  void look();
  // Once a second: looks whether it is cancelled or its time is over, and stores how far it is.
  void tick();
  // Goes on: now, or when room for a line may be there again.
  void schedule();
  // No more lines begin; ends of generations that the process cuts short are not results.
  void process_stops();

 private:
  struct Life;

  void step();
  [[nodiscard]] Result<void> work();
  [[nodiscard]] Result<void> look_at_cancel(WallTime now);
  [[nodiscard]] Result<void> validate_some(WallTime now);
  [[nodiscard]] Result<void> refuse(std::vector<BatchFault> faults, WallTime now);
  [[nodiscard]] Result<void> read_progress();
  [[nodiscard]] Result<void> run_lines(WallTime now);
  [[nodiscard]] Result<void> stop_lines(NextStep why, WallTime now);
  [[nodiscard]] Result<bool> write_rest(const std::string& code, const std::string& message);
  [[nodiscard]] Result<void> make_files(BatchEvent then, WallTime now);
  [[nodiscard]] Result<void> move(BatchEvent event, WallTime now);
  // The next line without a result; nullopt: there is none.
  [[nodiscard]] Result<std::optional<FileLine>> next_open_line();
  [[nodiscard]] Result<void> begin(FileLine line, MemoryReservation memory);
  [[nodiscard]] bool may_begin(std::uint64_t line);
  void line_ended(std::uint64_t line, LineEnd end);
  void give_room();
  [[nodiscard]] Result<void> write(const LineResult& result);
  void open_input();
  void let_go(Error why);
  void drop_lines();
  void tell_end();
  void end_told(Result<void> told);
  void finish();

  const RunContext& context_;
  RunOwner& owner_;
  BatchPlace place_;
  Batch batch_;
  const LineOf of_;
  const std::string process_;
  std::shared_ptr<Life> life_;  // for what is posted and comes when this is gone

  std::optional<BatchCheck> check_;
  std::optional<InputLines> input_;
  bool input_ended_ = false;
  std::optional<FileLine> next_;  // one that there was no room for
  ProgressReader progress_;
  bool progress_known_ = false;
  std::map<std::uint64_t, std::shared_ptr<LineRun>> running_;
  std::optional<ResultFiles> results_;

  std::optional<Error> fault_;  // of what cannot answer with one
  bool looks_at_cancel_ = true;
  bool stops_lines_ = false;  // no line begins any more
  bool changed_ = false;      // since the record was stored
  bool tells_end_ = false;
  bool scheduled_ = false;
  bool stopping_ = false;
  bool over_ = false;
};

}  // namespace shunt::api::batches
