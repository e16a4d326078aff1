#include "batches/batch_run.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "batches/room_for_lines.hpp"
#include "batches/tell_end.hpp"
#include "representation/generation_body.hpp"
#include "shunt/base/log.hpp"
#include "shunt/base/overloaded.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::api::batches {
namespace {

// What one step does at most, so that the other batches have their turn.
constexpr std::size_t kStepBytes = 1024UL * 1024;
constexpr std::size_t kStepLines = 256;

}  // namespace

struct BatchRun::Life {
  BatchRun* run;
};

BatchRun::BatchRun(const RunContext& context, RunOwner& owner, BatchPlace place, Batch batch,
                   std::string process)
    : context_(context),
      owner_(owner),
      place_(std::move(place)),
      batch_(std::move(batch)),
      of_{.batch_id = batch_.id,
          .caller = batch_.caller,
          .endpoint = batch_.endpoint,
          .expires_at = batch_.expires_at},
      process_(std::move(process)),
      life_(std::make_shared<Life>(Life{this})),
      progress_(batch_.id, process_) {}

BatchRun::~BatchRun() {
  life_->run = nullptr;
  drop_lines();
  if (!changed_ || over_) return;
  if (const auto saved = place_.save(batch_); !saved)
    log::warn("batch.not_stored", {{"id", batch_.id}, {"error", log_text(saved.error())}});
}

void BatchRun::schedule() {
  if (std::exchange(scheduled_, true)) return;
  context_.loop.post([life = life_] {
    if (life->run != nullptr) life->run->step();
  });
}

void BatchRun::look() {
  looks_at_cancel_ = true;
  schedule();
}

void BatchRun::tick() {
  if (changed_ && !over_) {
    auto stored = place_.sync();
    if (stored) stored = place_.save(batch_);
    if (!stored) return let_go(std::move(stored).error());
    changed_ = false;
  }
  look();
}

void BatchRun::process_stops() {
  stopping_ = true;
  for (const auto& [line, run] : running_) run->process_stops();
}

void BatchRun::step() {
  scheduled_ = false;
  if (over_ || stopping_) return;
  try {
    Result<void> worked = fault_ ? Result<void>(*fault_) : work();
    if (!worked) let_go(std::move(worked).error());
  } catch (const std::exception& fault) {
    let_go(Error{error_code::kFileStoreFailed, "the batch cannot go on now", Retryable::kYes}.with_internal(
        fault.what()));
  }
}

Result<void> BatchRun::work() {
  const WallTime now = system_clock().now();
  if (auto looked = look_at_cancel(now); !looked) return looked;
  const NextStep next = next_step(batch_, now);
  if (next == NextStep::kNothing) {
    tell_end();
    return {};
  }
  if (next == NextStep::kValidate) return validate_some(now);
  if (!progress_known_) return read_progress();
  if (next == NextStep::kRunLines) return run_lines(now);
  if (next == NextStep::kMakeFiles) return make_files(BatchEvent::kFilesMade, now);
  return stop_lines(next, now);
}

Result<void> BatchRun::look_at_cancel(WallTime now) {
  if (!std::exchange(looks_at_cancel_, false) || !place_.cancel_asked()) return {};
  if (!apply(batch_, BatchEvent::kCancelAsked, now)) return {};
  return place_.save(batch_);
}

Result<void> BatchRun::move(BatchEvent event, WallTime now) {
  if (!apply(batch_, event, now)) return {};
  if (auto synced = place_.sync(); !synced) return synced;
  changed_ = false;
  if (auto saved = place_.save(batch_); !saved) return saved;
  schedule();
  return {};
}

void BatchRun::open_input() {
  input_.emplace(context_.files, batch_.input_sha256, batch_.input_bytes,
                 context_.live.now()->options.batches.max_line_bytes);
}

Result<void> BatchRun::refuse(std::vector<BatchFault> faults, WallTime now) {
  batch_.faults = std::move(faults);
  return move(BatchEvent::kRefused, now);
}

Result<void> BatchRun::validate_some(WallTime now) {
  const auto settings = context_.live.now();
  if (!check_) {
    const CheckLimits limits{.max_lines = settings->options.batches.max_lines,
                             .json = body_limits(settings->options).json};
    check_.emplace(batch_.endpoint, limits);
    open_input();
  }
  std::size_t bytes = 0;
  while (bytes < kStepBytes) {
    auto line = input_->next();
    if (!line && line.error().code == error_code::kFileGone) {
      return refuse({{.code = "file_gone", .message = line.error().message, .param = "input_file_id"}}, now);
    }
    if (!line) return std::move(line).error();
    const bool more = *line && check_->take(**line);
    if (more) {
      bytes += (*line)->text.size() + 1;
      continue;
    }
    if (!*line) check_->finish();
    if (!check_->faults().empty()) return refuse(check_->faults(), now);
    batch_.counts = {.total = check_->lines()};
    check_.reset();
    open_input();
    log::info("batch.began",
              {{"id", batch_.id}, {"endpoint", batch_.endpoint}, {"lines", batch_.counts.total}});
    return move(BatchEvent::kValidated, now);
  }
  schedule();
  return {};
}

Result<void> BatchRun::read_progress() {
  const auto read = progress_.read_some(place_);
  if (!read) return read.error();
  if (*read) {
    progress_known_ = true;
    batch_.counts.completed = progress_.counts().completed;
    batch_.counts.failed = progress_.counts().failed;
    batch_.usage = progress_.usage();
  }
  schedule();
  return {};
}

Result<std::optional<FileLine>> BatchRun::next_open_line() {
  if (next_) return std::exchange(next_, std::nullopt);
  if (!input_) open_input();
  while (!input_ended_) {
    auto line = input_->next();
    if (!line && line.error().code == error_code::kFileGone) {
      note_input_gone(batch_, line.error().message);
      input_ended_ = true;
      break;
    }
    if (!line) return line;
    if (!*line) {
      input_ended_ = true;
      break;
    }
    if (!progress_.ended().has((*line)->number)) return line;
  }
  return std::optional<FileLine>();
}

Result<void> BatchRun::run_lines(WallTime now) {
  const std::size_t most = context_.live.now()->options.batches.concurrency;
  std::size_t begun = 0;
  while (!input_ended_ && running_.size() < most && begun < kStepLines) {
    auto line = next_open_line();
    if (!line) return std::move(line).error();
    if (!*line) break;
    MemoryReservation memory(context_.memory, MemoryShare::kOpen);
    // It is tried again with the next tick. One line always goes on.
    if (running_.empty()) memory.resize((*line)->text.size());
    if (!memory.try_resize((*line)->text.size()) || !owner_.take_slot(batch_.caller)) {
      next_ = std::move(**line);
      return {};
    }
    ++begun;
    if (auto began = begin(std::move(**line), std::move(memory)); !began) return began;
  }
  if (input_ended_ && running_.empty()) return move(BatchEvent::kAllLinesEnded, now);
  if (begun == kStepLines) schedule();
  return {};
}

// A slot was taken for it.
Result<void> BatchRun::begin(FileLine line, MemoryReservation memory) {
  const std::uint64_t number = line.number;
  auto read = read_batch_line(line, batch_.endpoint, body_limits(context_.live.now()->options).json);
  if (const auto* const fault = std::get_if<BatchFault>(&read)) {
    // It was usable when it was checked: limits have changed since.
    owner_.free_slot(batch_.caller);
    schedule();
    return write({.line = number,
                  .custom_id = {},
                  .answer = {},
                  .error_code = fault->code,
                  .error_message = fault->message});
  }
  HeldLine held{.line = std::move(line),
                .custom_id = std::move(std::get<BatchLine>(read).custom_id),
                .memory = std::move(memory)};
  auto run = std::make_shared<LineRun>(
      context_, of_, std::move(held), [this](std::uint64_t each) { return may_begin(each); },
      [this, number](LineEnd end) { line_ended(number, std::move(end)); });
  running_.emplace(number, run);
  run->begin();
  return {};
}

bool BatchRun::may_begin(std::uint64_t line) {
  if (progress_.begun().has(line)) return false;
  auto noted = place_.append(WorkFile::kStarted, begun_text(line, process_));
  if (noted) return true;
  fault_ = std::move(noted).error();
  return false;
}

void BatchRun::line_ended(std::uint64_t line, LineEnd end) {
  running_.erase(line);
  owner_.free_slot(batch_.caller);
  give_room();
  // Its result is not to be had now: what runs the batch next asks for it again.
  if (std::holds_alternative<LineAbandoned>(end)) {
    process_stops();
    return;
  }
  if (!fault_) {
    if (auto written = write(std::get<LineResult>(end)); !written) fault_ = std::move(written).error();
  }
  schedule();
}

// A line that has ended leaves room for one.
void BatchRun::give_room() {
  std::vector<std::uint64_t> waiting;
  for (const auto& [number, run] : running_) {
    if (run->waits_for_room()) waiting.push_back(number);
  }
  const auto next = line_to_ask_again(waiting, stops_lines_ ? LinesGoOn::kNo : LinesGoOn::kYes);
  if (!next) return;
  const auto run = running_.at(*next);  // it may end meanwhile
  run->ask_again();
}

Result<void> BatchRun::write(const LineResult& result) {
  std::string text;
  append_line_result(text, batch_.id, result);
  const bool succeeded = result.succeeded();
  if (auto added = place_.append(succeeded ? WorkFile::kOutput : WorkFile::kErrors, text); !added)
    return added;
  progress_.ended().add(result.line);
  ++(succeeded ? batch_.counts.completed : batch_.counts.failed);
  if (succeeded) {
    if (const auto body = parse_json(result.answer->body)) batch_.usage.add(usage_of(*body));
  }
  changed_ = true;
  owner_.line_ended(result);
  return {};
}

Result<void> BatchRun::stop_lines(NextStep why, WallTime now) {
  const bool expired = why == NextStep::kStopExpired;
  const std::string code = expired ? "batch_expired" : "batch_cancelled";
  const std::string message = expired
                                  ? "This request could not be executed before the completion window expired."
                                  : "This request was not executed because its batch was cancelled.";
  stops_lines_ = true;
  const auto running = running_;
  for (const auto& [line, run] : running) run->cancel(code, message);
  if (!running_.empty()) return {};
  const auto rest = write_rest(code, message);
  if (!rest) return rest.error();
  if (*rest) return make_files(expired ? BatchEvent::kFilesMadeLate : BatchEvent::kFilesMade, now);
  schedule();
  return {};
}

// True: every line has its result.
Result<bool> BatchRun::write_rest(const std::string& code, const std::string& message) {
  if (!batch_.in_progress_at) return true;  // nothing was promised of any line
  for (std::size_t lines = 0; lines < kStepLines; ++lines) {
    auto line = next_open_line();
    if (!line) return std::move(line).error();
    if (!*line) return true;
    LineResult result{
        .line = (*line)->number, .custom_id = {}, .answer = {}, .error_code = code, .error_message = message};
    auto read = read_batch_line(**line, batch_.endpoint, {});
    if (auto* const usable = std::get_if<BatchLine>(&read)) result.custom_id = std::move(usable->custom_id);
    if (auto written = write(result); !written) return std::move(written).error();
  }
  return false;
}

Result<void> BatchRun::make_files(BatchEvent then, WallTime now) {
  if (!results_) results_.emplace(context_.files, context_.live.now()->options.files.expires_after);
  const auto made = results_->make_some(place_, batch_, now);
  if (!made) return made.error();
  if (*made) return move(then, now);
  schedule();
  return {};
}

// Told before the batch is off the list of open ones: when the process dies in between, the next one tells
// it.
void BatchRun::tell_end() {
  if (std::exchange(tells_end_, true)) return;
  using Told = Result<void>;
  batches::tell_end(batch_, *context_.live.now(), context_.webhooks,
                    on_loop<Told>(context_.back, [life = life_](Told told) {
                      if (life->run != nullptr) life->run->end_told(std::move(told));
                    }));
}

void BatchRun::end_told(Result<void> told) {
  if (over_) return;
  if (!told) return let_go(std::move(told).error());
  finish();
}

void BatchRun::finish() {
  place_.clear();
  over_ = true;
  log::info("batch.ended", {{"id", batch_.id},
                            {"status", status_name(batch_.status)},
                            {"lines", batch_.counts.total},
                            {"completed", batch_.counts.completed},
                            {"failed", batch_.counts.failed}});
  owner_.batch_ended(batch_);
  owner_.over(batch_.id, std::nullopt);
}

void BatchRun::drop_lines() {
  for (const auto& [line, run] : running_) {
    run->drop();
    owner_.free_slot(batch_.caller);
  }
  running_.clear();
}

void BatchRun::let_go(Error why) {
  if (std::exchange(over_, true)) return;
  drop_lines();
  owner_.over(batch_.id, std::move(why));
}

}  // namespace shunt::api::batches
