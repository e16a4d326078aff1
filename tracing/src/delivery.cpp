#include "delivery.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace shunt::tracing {

using std::chrono::milliseconds;

std::optional<SteadyTime> batch_due(const Waiting& waiting, const ExporterOptions& options) {
  if (waiting.spans == 0 || !waiting.oldest) return std::nullopt;
  if (waiting.stopping || waiting.spans >= options.max_batch_spans) return waiting.oldest;
  return *waiting.oldest + options.batch_interval;
}

Verdict judge(const Answer& answer) noexcept {
  if (answer.status >= 200 && answer.status < 300) return Verdict::kDelivered;
  switch (answer.status) {
    case 0:
    case 429:
    case 502:
    case 503:
    case 504:
      return Verdict::kAgain;
    default:
      return Verdict::kRefused;
  }
}

milliseconds pause_after(const Failure& failure, const ExporterOptions& options) {
  std::int64_t seconds = 0;
  const std::string_view text = failure.retry_after;
  const auto [read_to, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_whole = read_to == text.data() + text.size();
  const bool asked = !text.empty() && problem == std::errc() && is_whole && seconds >= 0;
  if (asked) {
    const auto most = std::chrono::ceil<std::chrono::seconds>(options.max_backoff);
    return std::min<milliseconds>(std::chrono::seconds(std::min<std::int64_t>(seconds, most.count())),
                                  options.max_backoff);
  }
  const auto doublings = static_cast<int>(std::min<std::size_t>(failure.in_a_row, 31)) - 1;
  const double factor = std::ldexp(0.5 + 0.5 * failure.random, std::max(0, doublings));
  const double wait = static_cast<double>(options.backoff.count()) * factor;
  return milliseconds(std::llround(std::min(wait, static_cast<double>(options.max_backoff.count()))));
}

}  // namespace shunt::tracing
