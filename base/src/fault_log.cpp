#include "shunt/base/fault_log.hpp"

#include "shunt/base/log.hpp"

namespace shunt::base {
namespace {

// What is thrown may carry anything; a line of the log stays a line.
constexpr std::size_t kMaxWhat = 500;

}  // namespace

std::string_view to_string(FaultLog::Kind kind) noexcept {
  return kind == FaultLog::Kind::kUnavailable ? "unavailable" : "fault";
}

FaultLog::Entry& FaultLog::entry_of(Source source, std::string_view name) {
  const auto found = entries_.find(Name(source, std::string(name)));
  if (found != entries_.end()) return found->second;
  const bool full = entries_.size() >= kMaxNames;
  return entries_[Name(source, full ? "other" : std::string(name))];
}

void FaultLog::note(Source source, std::string_view name, Kind kind, std::string_view what) {
  const std::string_view event = source == Source::kDuty ? "duty.failed" : "fault.caught";
  const std::string_view field = source == Source::kDuty ? "duty" : "where";
  const std::string_view said = what.substr(0, kMaxWhat);
  std::uint64_t left_out = 0;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entry_of(source, name);
    ++(kind == Kind::kUnavailable ? entry.unavailable : entry.faults);
    if (kind == Kind::kFault) {
      const SteadyTime now = clock_.steady_now();
      if (entry.logged && now - entry.logged_at < kLogInterval) {
        ++entry.left_out;
        return;
      }
      entry.logged = true;
      entry.logged_at = now;
      left_out = std::exchange(entry.left_out, 0);
    }
  }
  if (kind == Kind::kUnavailable) return log::debug(event, {{field, name}, {"error", said}});
  log::warn(event, {{field, name}, {"error", said}, {"more_since_last_line", left_out}});
}

std::vector<FaultLog::Count> FaultLog::counts() const {
  std::vector<Count> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : entries_) {
    if (entry.unavailable > 0)
      all.push_back({name.first, name.second, Kind::kUnavailable, entry.unavailable});
    if (entry.faults > 0) all.push_back({name.first, name.second, Kind::kFault, entry.faults});
  }
  return all;
}

}  // namespace shunt::base
