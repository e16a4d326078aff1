#include "shunt/flip/shadow.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <numeric>
#include <utility>

#include "shunt/base/digest.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::flip {
namespace {

constexpr std::string_view kFingerprint = "request_sha256";

std::string content_of(const GenerationRecord& record) {
  std::string content = record.text;
  if (record.parts) {
    JsonObjectWriter object(content);
    write_parts(object, *record.parts);
    object.close();
  }
  if (!record.result.is_null()) append_json(content, record.result);
  return content;
}

ShadowEnd end_of(const GenerationRecord& record, bool keep_content) {
  ShadowEnd end;
  end.state = record.state;
  if (record.error) end.error_code = record.error->code.to_string();
  const std::string content = content_of(record);
  end.bytes = content.size();
  end.sha256 = sha256_hex(content);
  if (keep_content) end.content = to_valid_utf8(std::string_view(content).substr(0, kMostContentBytes));
  return end;
}

bool timed_out(const GenerationRecord& record) {
  return record.error && record.error->code == error_code::kDeadlineExceeded;
}

// A stub runs nothing, so its end says whether the request arrived whole, whatever became of the caller's.
ShadowFinding judge_stub(const GenerationRecord& candidate, const std::string& fingerprint) {
  if (timed_out(candidate)) return {ShadowClass::kTimeout, "state"};
  if (candidate.state != GenerationState::kSucceeded) return {ShadowClass::kOtherError, "state"};
  const JsonObject* const result = candidate.result.if_object();
  const Json* const told = result != nullptr ? result->if_contains(kFingerprint) : nullptr;
  const bool same = told != nullptr && told->is_string() && told->get_string() == fingerprint;
  return same ? ShadowFinding{} : ShadowFinding{ShadowClass::kOtherContent, "/" + std::string(kFingerprint)};
}

ShadowFinding judge_real(const GenerationRecord& control, const GenerationRecord& candidate,
                         const ShadowRules& rules) {
  if (timed_out(candidate) && !timed_out(control)) return {ShadowClass::kTimeout, "state"};
  return compare_ends(control, candidate, rules);
}

}  // namespace

std::uint64_t ShadowCounts::made() const noexcept {
  return std::accumulate(compared.begin(), compared.end(), std::uint64_t{0});
}

std::uint64_t ShadowCounts::mismatches() const noexcept {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < compared.size(); ++i) {
    if (is_mismatch(static_cast<ShadowClass>(i))) count += compared[i];
  }
  return count;
}

// Outlives whoever follows a copy.
class Shadow::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(ShadowOptions options, executor::GenerationExecutor& controls, MakeExecutor candidates,
       EventLoop& loop, const Clock& clock)
      : options_(std::move(options)),
        controls_(controls),
        make_candidates_(std::move(candidates)),
        loop_(loop),
        clock_(clock),
        models_(options_.models) {}

  std::optional<GenerationRequest> sample(const GenerationRequest& request, double draw) const {
    if (draw >= options_.sample) return std::nullopt;
    const auto model = model_of(request.model);
    if (!model || model->generator == ShadowGenerator::kNone) return std::nullopt;
    GenerationRequest copy;
    copy.model = request.model;
    copy.input = request.input;
    copy.options.timeout = request.options.timeout;
    return copy;
  }

  void send(GenerationRequest copy, const GenerationId& control, std::uint64_t epoch);

  void use_models(ShadowOptions::Models models) {
    const std::lock_guard lock(mutex_);
    models_ = std::move(models);
  }

  void drain(std::function<void(executor::DrainReport)> done) {
    executor::GenerationExecutor* candidates = nullptr;
    {
      const std::lock_guard lock(mutex_);
      draining_ = true;
      candidates = candidates_.get();
    }
    if (candidates == nullptr) return done({});
    candidates->drain(std::chrono::milliseconds(0), std::move(done));
  }
  // Its callbacks come before this returns; what they follow may be held by others for longer.
  void end() {
    std::unique_ptr<executor::GenerationExecutor> candidates;
    {
      const std::lock_guard lock(mutex_);
      draining_ = true;
      candidates = std::move(candidates_);
    }
  }

  ShadowReport report() const {
    const std::lock_guard lock(mutex_);
    return {counts_, {mismatches_.begin(), mismatches_.end()}};
  }
  ShadowCounts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  [[nodiscard]] std::optional<ShadowOptions::Model> model_of(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = models_.find(name);
    if (found == models_.end()) return std::nullopt;
    return found->second;
  }

  // The ends that one comparison waits for.
  struct Comparison {
    Comparison(const ShadowOptions::Model& of, const GenerationRequest& copy, const GenerationId& caller_has,
               std::uint64_t at)
        : model(of),
          epoch(at),
          control_id(caller_has),
          name(copy.model),
          fingerprint(request_fingerprint(copy)) {}

    const ShadowOptions::Model model;
    const std::uint64_t epoch;
    const GenerationId control_id;
    const std::string name;
    const std::string fingerprint;
    std::mutex mutex{};  // guards what follows
    std::unique_ptr<EventWatch> control{};
    std::unique_ptr<EventWatch> candidate{};
    std::unique_ptr<EventWatch> again{};  // the second run of a noise measurement
    std::vector<GenerationId> copies{};
    std::size_t awaited = 0;  // ends that have not come, and will
    bool dropped = false;     // there is nothing to compare
  };
  using Shared = std::shared_ptr<Comparison>;
  enum class Which { kControl, kCandidate, kAgain };

  // Whether a copy may go now; counts it, or why not.
  bool begin(const ShadowOptions::Model& model, std::uint64_t epoch, bool& twice);
  void submit(const Shared& comparison, GenerationRequest copy, Which which);
  void follow(const Shared& comparison, Which which, std::unique_ptr<EventWatch> watch);
  void one_ended(const Shared& comparison);
  void judge(Comparison& comparison);
  void count(const Comparison& comparison, const ShadowFinding& finding, const GenerationRecord& control,
             const GenerationRecord& candidate);
  void drop(const Shared& comparison, std::string why);
  static void let_go(Comparison& comparison);
  void forget(const Comparison& comparison);
  void enter(std::uint64_t epoch);

  const ShadowOptions options_;
  executor::GenerationExecutor& controls_;
  const MakeExecutor make_candidates_;
  EventLoop& loop_;
  const Clock& clock_;

  mutable std::mutex mutex_;  // guards what follows
  ShadowOptions::Models models_;
  ShadowCounts counts_;
  std::deque<ShadowMismatch> mismatches_;
  std::unique_ptr<executor::GenerationExecutor> candidates_;  // made for the first copy
  bool draining_ = false;
  std::size_t in_flight_ = 0;
  std::int64_t budget_minute_ = -1;
  std::size_t real_in_minute_ = 0;
  double noise_due_ = 0;  // what of the noise has added up to the next measurement
};

void Shadow::Core::enter(std::uint64_t epoch) {
  if (counts_.epoch == epoch) return;
  counts_ = {};
  counts_.epoch = epoch;
  mismatches_.clear();
}

bool Shadow::Core::begin(const ShadowOptions::Model& model, std::uint64_t epoch, bool& twice) {
  const std::lock_guard lock(mutex_);
  enter(epoch);
  const auto refuse = [this](const char* why) {
    ++counts_.dropped[why];
    return false;
  };
  if (draining_) return refuse("shutting_down");
  if (in_flight_ >= options_.max_in_flight) return refuse("busy");
  if (model.generator == ShadowGenerator::kReal) {
    const auto minute =
        std::chrono::duration_cast<std::chrono::minutes>(clock_.steady_now().time_since_epoch()).count();
    if (std::exchange(budget_minute_, minute) != minute) real_in_minute_ = 0;
    if (real_in_minute_ >= options_.real_per_minute) return refuse("budget");
    ++real_in_minute_;
    noise_due_ += options_.noise;
    twice = noise_due_ >= 1 && real_in_minute_ < options_.real_per_minute;
    if (twice) {
      noise_due_ -= 1;
      ++real_in_minute_;
    }
  }
  if (!candidates_) candidates_ = make_candidates_();
  ++in_flight_;
  ++counts_.sampled;
  return true;
}

void Shadow::Core::send(GenerationRequest copy, const GenerationId& control, std::uint64_t epoch) {
  const auto model = model_of(copy.model);
  if (!model) return;
  bool twice = false;
  if (!begin(*model, epoch, twice)) return;
  copy.admission = Admission{"queue", "shadow", epoch, std::nullopt, {}};
  const bool stub = model->generator == ShadowGenerator::kStub;
  auto comparison = std::make_shared<Comparison>(*model, copy, control, epoch);
  comparison->awaited = (stub ? 1 : 2) + (twice ? 1 : 0);
  if (!stub) {
    controls_.watch(
        control, {}, [self = shared_from_this(), comparison](Result<executor::WatchOutcome> outcome) {
          auto* const watch = outcome ? std::get_if<std::unique_ptr<EventWatch>>(&*outcome) : nullptr;
          if (watch == nullptr) return self->drop(comparison, "control_gone");
          self->follow(comparison, Which::kControl, std::move(*watch));
        });
  }
  if (twice) submit(comparison, copy, Which::kAgain);
  submit(comparison, std::move(copy), Which::kCandidate);
}

void Shadow::Core::submit(const Shared& comparison, GenerationRequest copy, Which which) {
  candidates_->submit(
      std::move(copy), [self = shared_from_this(), comparison, which](executor::SubmitOutcome outcome) {
        if (auto* const accepted = std::get_if<executor::Accepted>(&outcome)) {
          {
            const std::lock_guard lock(comparison->mutex);
            comparison->copies.push_back(accepted->id);
          }
          return self->follow(comparison, which, std::move(accepted->watch));
        }
        const auto* const refused = std::get_if<executor::Refused>(&outcome);
        self->drop(comparison, refused != nullptr ? refused->error.code.to_string() : "unknown");
      });
}

void Shadow::Core::follow(const Shared& comparison, Which which, std::unique_ptr<EventWatch> watch) {
  EventWatch* const followed = watch.get();
  {
    const std::lock_guard lock(comparison->mutex);
    (which == Which::kControl     ? comparison->control
     : which == Which::kCandidate ? comparison->candidate
                                  : comparison->again) = std::move(watch);
  }
  followed->on_end([self = shared_from_this(), comparison] { self->one_ended(comparison); });
}

void Shadow::Core::one_ended(const Shared& comparison) {
  {
    const std::lock_guard lock(comparison->mutex);
    if (--comparison->awaited > 0) return;
  }
  // Comparing takes time in proportion to the ends, which the thread that produced one is not to spend.
  loop_.post([self = shared_from_this(), comparison] {
    if (!comparison->dropped) self->judge(*comparison);
    let_go(*comparison);
    self->forget(*comparison);
    const std::lock_guard lock(self->mutex_);
    --self->in_flight_;
  });
}

void Shadow::Core::judge(Comparison& comparison) {
  const auto record_of = [](const std::unique_ptr<EventWatch>& watch) {
    return watch != nullptr ? watch->record_at_end() : nullptr;
  };
  const auto candidate = record_of(comparison.candidate);
  const bool stub = comparison.model.generator == ShadowGenerator::kStub;
  const auto control = stub ? candidate : record_of(comparison.control);
  if (!candidate || !control) {
    static const GenerationRecord kNothing;
    const bool missing = !candidate;
    if (missing) return count(comparison, {ShadowClass::kMissing, "state"}, kNothing, kNothing);
    const std::lock_guard lock(mutex_);
    ++counts_.dropped["control_gone"];
    return;
  }
  count(comparison,
        stub ? judge_stub(*candidate, comparison.fingerprint)
             : judge_real(*control, *candidate, comparison.model.rules),
        *control, *candidate);
  const auto again = record_of(comparison.again);
  if (!again) return;
  const bool differ = is_mismatch(judge_real(*candidate, *again, comparison.model.rules).result);
  const std::lock_guard lock(mutex_);
  if (comparison.epoch != counts_.epoch) return;
  ++counts_.noise_compared;
  if (differ) ++counts_.noise_mismatches;
}

void Shadow::Core::count(const Comparison& comparison, const ShadowFinding& finding,
                         const GenerationRecord& control, const GenerationRecord& candidate) {
  std::optional<ShadowMismatch> mismatch;
  if (is_mismatch(finding.result)) {
    mismatch = ShadowMismatch{.at = clock_.now(),
                              .model = comparison.name,
                              .generation = comparison.control_id.to_string(),
                              .finding = finding,
                              .control = end_of(control, options_.keep_content),
                              .candidate = end_of(candidate, options_.keep_content)};
  }
  const std::lock_guard lock(mutex_);
  if (comparison.epoch != counts_.epoch) return;
  ++counts_.compared[static_cast<std::size_t>(finding.result)];
  if (!mismatch) return;
  if (mismatches_.size() == kMostMismatches) mismatches_.pop_front();
  mismatches_.push_back(*std::move(mismatch));
}

// Prompts and results of copies leave Redis once they have been compared; what cannot be removed now goes
// with its retention.
void Shadow::Core::forget(const Comparison& comparison) {
  for (const GenerationId& copy : comparison.copies) {
    executor::GenerationExecutor* candidates = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (!draining_) candidates = candidates_.get();
    }
    if (candidates != nullptr) candidates->remove(copy, [](const Result<executor::RemoveOutcome>&) {});
  }
}

// A watch's function holds the comparison, which holds the watch.
void Shadow::Core::let_go(Comparison& comparison) {
  const std::lock_guard lock(comparison.mutex);
  comparison.control.reset();
  comparison.candidate.reset();
  comparison.again.reset();
}

// What was accepted all the same goes on to its end: until then it is in flight, and there is something to
// forget.
void Shadow::Core::drop(const Shared& comparison, std::string why) {
  bool first = false;
  {
    const std::lock_guard lock(comparison->mutex);
    first = !std::exchange(comparison->dropped, true);
  }
  if (first) {
    const std::lock_guard lock(mutex_);
    if (comparison->epoch == counts_.epoch) ++counts_.dropped[std::move(why)];
  }
  one_ended(comparison);
}

Shadow::Shadow(ShadowOptions options, executor::GenerationExecutor& controls, MakeExecutor candidates,
               EventLoop& loop, const Clock& clock)
    : core_(std::make_shared<Core>(std::move(options), controls, std::move(candidates), loop, clock)) {}
Shadow::~Shadow() {
  core_->end();
}

std::optional<GenerationRequest> Shadow::sample(const GenerationRequest& request, double draw) const {
  return core_->sample(request, draw);
}
void Shadow::send(GenerationRequest copy, const GenerationId& control, std::uint64_t epoch) {
  core_->send(std::move(copy), control, epoch);
}
void Shadow::use_models(ShadowOptions::Models models) {
  core_->use_models(std::move(models));
}

void Shadow::drain(std::function<void(executor::DrainReport)> done) {
  core_->drain(std::move(done));
}
ShadowReport Shadow::report() const {
  return core_->report();
}
ShadowCounts Shadow::counts() const {
  return core_->counts();
}

namespace {

class StubGenerator final : public Generator {
 public:
  void start(std::shared_ptr<GenerationRun> run) override {
    run->succeed(JsonObject{{kFingerprint, request_fingerprint(run->envelope().request)}});
  }
};

}  // namespace

std::shared_ptr<Generator> make_shadow_stub() {
  return std::make_shared<StubGenerator>();
}

}  // namespace shunt::flip
