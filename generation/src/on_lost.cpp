#include "shunt/generation/on_lost.hpp"

namespace shunt::generation {
namespace {

// Whether it is certain that nothing was begun, and so nothing can be billed.
bool cannot_have_begun(Setback setback) noexcept {
  switch (setback) {
    case Setback::kSubmitRefused:
    case Setback::kLostBeforeBegin:
    case Setback::kNotConnected:
    case Setback::kNotWritten:
    case Setback::kRateLimited:
    case Setback::kLoading:
      return true;
    case Setback::kSubmitUnknown:
    case Setback::kLost:
    case Setback::kGivenBack:
    case Setback::kWritten:
    case Setback::kAnswered:
    case Setback::kFailed:
      break;
  }
  return false;
}

}  // namespace

std::string_view on_lost_name(OnLost on_lost) noexcept {
  return on_lost == OnLost::kFail ? "fail" : "rerun";
}

std::optional<OnLost> parse_on_lost(std::string_view name) noexcept {
  if (name == on_lost_name(OnLost::kRerun)) return OnLost::kRerun;
  if (name == on_lost_name(OnLost::kFail)) return OnLost::kFail;
  return std::nullopt;
}

bool may_run_again(OnLost on_lost, Setback setback) noexcept {
  if (setback == Setback::kSubmitUnknown) return false;
  return on_lost == OnLost::kRerun || cannot_have_begun(setback);
}

}  // namespace shunt::generation
