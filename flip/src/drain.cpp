#include "shunt/flip/drain.hpp"

namespace shunt::flip {
namespace {

std::string kept_text(const KeptThings& kept, std::string_view what) {
  std::string text = std::to_string(kept.count) + ' ' + std::string(what) + " would be lost";
  if (kept.until) text += "; the last goes by itself at " + format_rfc3339(*kept.until);
  return text;
}

void add_part(std::string& text, std::uint64_t count, std::string_view what) {
  if (count == 0) return;
  if (!text.empty()) text += ", ";
  text += std::to_string(count) + ' ' + std::string(what);
}

std::string work_text(const OpenWork& work) {
  std::string parts;
  add_part(parts, work.waiting, "waiting");
  add_part(parts, work.active, "active");
  add_part(parts, work.delayed, "delayed");
  add_part(parts, work.awaited, "awaited");
  return work.model + ": " + parts;
}

}  // namespace

std::string_view drain_stage_name(DrainStage stage) noexcept {
  if (stage == DrainStage::kAdmitting) return "admitting";
  return stage == DrainStage::kDraining ? "draining" : "drained";
}

DrainVerdict judge_drain(const DrainFacts& facts, const AcceptedLoss& accepted) {
  DrainVerdict verdict;
  if (facts.sends_to_queue)
    verdict.reasons.push_back("new work goes to the queue (" + std::string(state_name(facts.state)) + ')');
  for (const std::string& process : facts.unaware)
    verdict.reasons.push_back(process + " has not acknowledged the present state and may still admit");
  const bool admits = !verdict.reasons.empty();
  for (const OpenWork& work : facts.work) {
    if (work.total() > 0) verdict.reasons.push_back(work_text(work));
  }
  const bool open = verdict.reasons.size() > facts.unaware.size() + (facts.sends_to_queue ? 1 : 0);
  verdict.stage = admits ? DrainStage::kAdmitting : open ? DrainStage::kDraining : DrainStage::kDrained;
  if (facts.results.count > 0 && !accepted.results)
    verdict.reasons.push_back(kept_text(facts.results, "results"));
  if (facts.keys.count > 0 && !accepted.keys)
    verdict.reasons.push_back(kept_text(facts.keys, "idempotency keys"));
  verdict.may_disconnect = verdict.reasons.empty();
  return verdict;
}

}  // namespace shunt::flip
