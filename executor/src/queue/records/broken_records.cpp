#include "queue/records/broken_records.hpp"

#include <string>

#include "shunt/base/json.hpp"
#include "shunt/base/log.hpp"

namespace shunt::executor {
namespace {

constexpr std::chrono::seconds kBetweenLines{1};
constexpr std::size_t kMostTold = 100;

}  // namespace

void BrokenRecords::tell(std::string_view what, std::string_view id, std::string_view why) {
  ++count_;
  const SteadyTime now = clock_.steady_now();
  if (now < next_line_) return;
  next_line_ = now + kBetweenLines;
  log::error("queue.broken_record", {{"what", what},
                                     {"id", to_valid_utf8(id.substr(0, kMostTold))},
                                     {"error", why},
                                     {"since_last_line", static_cast<std::int64_t>(count_ - told_)}});
  told_ = count_;
}

}  // namespace shunt::executor
