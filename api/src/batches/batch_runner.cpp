#include "batches/batch_runner.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <string>
#include <utility>

#include "shunt/base/log.hpp"
#include "shunt/base/random.hpp"

namespace shunt::api::batches {
namespace {

// A batch whose process has died is found in so long.
// While there are batches, of this process or of others that may die; and while there are none.
constexpr std::chrono::seconds kLookInterval{5};
constexpr std::chrono::seconds kIdleLookInterval{30};
constexpr std::chrono::seconds kTickInterval{1};
constexpr std::chrono::hours kRemoveInterval{1};
// Of one process; others wait for their turn, or for another process.
constexpr std::size_t kMostRuns = 256;
// Of one caller: batches that wait for a slow model, a day perhaps, keep nobody else's from their turn.
constexpr std::size_t kMostRunsOfOne = 4;
// How long one that cannot go on is left alone, from the first time to the last.
constexpr std::chrono::seconds kFirstPause{5};
constexpr std::chrono::seconds kLastPause{300};
constexpr std::size_t kProcessBytes = 8;

void append_metric(std::string& out, std::string_view name, std::string_view type, std::string_view help,
                   std::uint64_t value) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ");
  out.append(type).append("\n").append(name).append(" ").append(std::to_string(value)).append("\n");
}

}  // namespace

BatchRunner::BatchRunner(BatchFolder folder, executor::GenerationExecutor& executor,
                         const ModelRegistry& models, const LiveSettingsSource& live, const UrlSigner& urls,
                         FileStore& files, MemoryBudget& memory, webhooks::Webhooks* webhooks)
    : folder_(std::move(folder)),
      live_(live),
      process_(random_name(kProcessBytes)),
      back_(std::make_shared<LoopGate>(thread_.at(0))),
      context_{.executor = executor,
               .models = models,
               .live = live,
               .urls = urls,
               .files = files,
               .memory = memory,
               .loop = thread_.at(0),
               .back = back_,
               .webhooks = webhooks,
               .local = executor.describe().redis.empty()} {
  wake();
}

BatchRunner::~BatchRunner() {
  stop();
}

void BatchRunner::wake() {
  back_->post([this] {
    look();
    for (const auto& [id, run] : runs_) run->look();
  });
}

void BatchRunner::stop_beginning() {
  back_->post([this] {
    stopping_ = true;
    for (const auto& [id, run] : runs_) run->process_stops();
  });
}

void BatchRunner::stop() {
  if (stopped_.exchange(true)) return;
  // A line that hears only now that its generation was taken posts that it has ended.
  thread_.at(0).run_on_thread([] {});
  // Behind all ends that were posted before: their results are written.
  thread_.at(0).run_on_thread([this] {
    stopping_ = true;
    for (const auto& [id, run] : runs_) run->process_stops();
    // They free their slots, which looks at those that there are.
    const auto gone = std::exchange(runs_, {});
    running_batches_ = 0;
    look_timer_.cancel();
    tick_timer_.cancel();
  });
  back_->shut();
  thread_.stop_and_join();
}

bool BatchRunner::take_slot(const std::string& caller) {
  std::size_t& slots = slots_[caller];
  if (slots >= live_.now()->options.batches.concurrency_per_key) return false;
  ++slots;
  ++running_lines_;
  return true;
}

void BatchRunner::free_slot(const std::string& caller) {
  const auto found = slots_.find(caller);
  if (found == slots_.end()) return;
  const bool was_full = found->second >= live_.now()->options.batches.concurrency_per_key;
  if (--found->second == 0) slots_.erase(found);
  --running_lines_;
  if (!was_full) return;
  for (const auto& [id, run] : runs_) run->schedule();
}

void BatchRunner::line_ended(const LineResult& result) {
  ++(result.succeeded() ? lines_completed_ : lines_failed_);
}

void BatchRunner::batch_ended(const Batch& batch) {
  ++ended_.at(static_cast<std::size_t>(batch.status));
}

void BatchRunner::over(const std::string& batch_id, std::optional<Error> why) {
  if (why) {
    ++faults_;
    const auto before = paused_.find(batch_id);
    const std::chrono::seconds pause = before == paused_.end() ? kFirstPause : before->second.next;
    log::warn("batch.let_go", {{"id", batch_id},
                               {"code", std::string_view(why->code)},
                               {"error", log_text(*why)},
                               {"again_in_s", pause.count()}});
    paused_[batch_id] = {.until = std::chrono::steady_clock::now() + pause,
                         .next = std::min(pause * 2, kLastPause)};
  } else {
    paused_.erase(batch_id);
  }
  // Not while it is on the stack.
  back_->post([this, batch_id] {
    const auto gone = runs_.extract(batch_id);
    running_batches_ = runs_.size();
    look();
  });
}

void BatchRunner::look() {
  if (stopping_) return;
  look_again_in(kLookInterval);
  try {
    const auto open = folder_.open();
    if (open.empty()) look_again_in(kIdleLookInterval);
    std::erase_if(paused_, [&open](const auto& each) {
      return std::ranges::find(open, each.first, &OpenBatch::id) == open.end();
    });
    std::map<std::string, std::size_t> runs_of;
    for (const OpenBatch& batch : open) runs_of[batch.caller_digest] += runs_.contains(batch.id) ? 1 : 0;
    for (const OpenBatch& batch : open) {
      if (runs_.size() >= kMostRuns) break;
      std::size_t& of_caller = runs_of[batch.caller_digest];
      if (runs_.contains(batch.id) || of_caller >= kMostRunsOfOne) continue;
      look_at(batch);
      of_caller += runs_.contains(batch.id) ? 1 : 0;
    }
    remove_old();
  } catch (const std::exception& fault) {
    ++faults_;
    log::error("batches.fault", {{"error", fault.what()}});
  }
}

void BatchRunner::look_again_in(std::chrono::seconds interval) {
  look_timer_ = context_.loop.after(interval, [this] { look(); });
}

void BatchRunner::look_at(const OpenBatch& batch) {
  const auto paused = paused_.find(batch.id);
  if (paused != paused_.end() && std::chrono::steady_clock::now() < paused->second.until) return;
  auto place = folder_.claim(batch);
  if (place && !*place) return;
  Result<Batch> loaded = place ? (*place)->load() : Result<Batch>(place.error());
  if (!loaded) {
    over(batch.id, loaded.error());
    return;
  }
  auto run = std::make_unique<BatchRun>(context_, *this, std::move(**place), std::move(*loaded), process_);
  run->schedule();
  runs_.emplace(batch.id, std::move(run));
  running_batches_ = runs_.size();
  if (!tick_timer_.pending()) tick_timer_ = context_.loop.after(kTickInterval, [this] { tick(); });
}

void BatchRunner::tick() {
  for (const auto& [id, run] : runs_) run->tick();
  if (!runs_.empty()) tick_timer_ = context_.loop.after(kTickInterval, [this] { tick(); });
}

void BatchRunner::remove_old() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (removed_at_ != SteadyTime() && now - removed_at_ < kRemoveInterval) return;
  removed_at_ = now;
  const auto retention = live_.now()->options.batches.retention;
  const std::size_t removed = folder_.remove_ended_before(system_clock().now() - retention);
  if (removed > 0) log::info("batches.removed", {{"count", removed}});
}

std::string BatchRunner::metrics_text() const {
  std::string text;
  append_metric(text, "shunt_batches_running", "gauge", "Batches that this process runs", running_batches_);
  append_metric(text, "shunt_batch_lines_running", "gauge", "Lines of batches under way here",
                running_lines_);
  append_metric(text, "shunt_batch_faults_total", "counter",
                "How often a batch could not go on, and was tried again later", faults_);
  text +=
      "# HELP shunt_batch_lines_total Lines of batches that have ended here\n"
      "# TYPE shunt_batch_lines_total counter\n";
  text += "shunt_batch_lines_total{result=\"completed\"} " + std::to_string(lines_completed_) + '\n';
  text += "shunt_batch_lines_total{result=\"failed\"} " + std::to_string(lines_failed_) + '\n';
  text +=
      "# HELP shunt_batches_ended_total Batches that have ended here\n"
      "# TYPE shunt_batches_ended_total counter\n";
  for (std::size_t i = 0; i < ended_.size(); ++i) {
    const auto status = static_cast<BatchStatus>(i);
    if (!is_ended(status)) continue;
    text.append("shunt_batches_ended_total{status=\"").append(status_name(status)).append("\"} ");
    text.append(std::to_string(ended_.at(i))).append("\n");
  }
  return text;
}

}  // namespace shunt::api::batches
