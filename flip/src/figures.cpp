#include "shunt/flip/figures.hpp"

#include <algorithm>
#include <array>

#include "shunt/generation/error_codes.hpp"

namespace shunt::flip {
namespace {

// What a failed generation may end with through no fault of whatever ran it.
constexpr std::array kOfOthers{error_code::kInvalidInput, error_code::kUpstreamRejected,
                               error_code::kUpstreamRateLimited};

}  // namespace

EndJudgement judge_end(std::string_view state, std::string_view code) noexcept {
  if (state == "succeeded") return EndJudgement::kGood;
  const auto is_code = [code](const ErrorCode& known) { return known.text() == code; };
  if (state != "failed" || std::ranges::any_of(kOfOthers, is_code)) return EndJudgement::kNotJudged;
  return EndJudgement::kError;
}

}  // namespace shunt::flip
