#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shunt/base/clock.hpp"

namespace shunt::base {

// Where every exception goes that is caught and not handed on to a caller: it is counted, and logged, so that
// no fault passes unseen. A place that fails over and over gets one line a minute, with the number of those
// left out. Any thread.
class FaultLog {
 public:
  enum class Kind {
    // A server that this process needs is not there, or takes no commands now. Its health says so, and says
    // it once: counted, and logged at debug only.
    kUnavailable,
    // Anything else. Somebody should look at it.
    kFault,
  };
  enum class Source {
    kDuty,   // a duty that is done every now and then; it is done again at its next time
    kPlace,  // any other place
  };

  // One line of a place comes at most this often.
  static constexpr std::chrono::minutes kLogInterval{1};
  // Names come from the code, so there are few. Should there be more, the rest shares the name "other".
  static constexpr std::size_t kMaxNames = 100;

  explicit FaultLog(const Clock& clock = system_clock()) : clock_(clock) {}

  void note(Source source, std::string_view name, Kind kind, std::string_view what);

  struct Count {
    Source source = Source::kPlace;
    std::string name;
    Kind kind = Kind::kFault;
    std::uint64_t count = 0;
  };
  // Those that have failed at least once, in the order of their names.
  [[nodiscard]] std::vector<Count> counts() const;

 private:
  using Name = std::pair<Source, std::string>;
  struct Entry {
    std::uint64_t unavailable = 0;
    std::uint64_t faults = 0;
    std::uint64_t left_out = 0;  // since the last line
    SteadyTime logged_at{};
    bool logged = false;
  };
  Entry& entry_of(Source source, std::string_view name);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<Name, Entry> entries_;
};

[[nodiscard]] std::string_view to_string(FaultLog::Kind kind) noexcept;

}  // namespace shunt::base
