#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Tells of what lies in Redis and is not as ours write it: a counter for each, and one line of the log in a
// second, since somebody may have written very many. One thread tells; any may ask for the count.
class BrokenRecords {
 public:
  explicit BrokenRecords(const Clock& clock) : clock_(clock) {}

  // `what`: "record", "event", "index", ...; `id` may be any text.
  void tell(std::string_view what, std::string_view id, std::string_view why);
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  const Clock& clock_;
  std::atomic<std::uint64_t> count_{0};
  std::uint64_t told_ = 0;
  SteadyTime next_line_{};
};

}  // namespace shunt::executor
