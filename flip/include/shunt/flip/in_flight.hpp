#pragma once

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "shunt/base/clock.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/generation/event_watch.hpp"
#include "shunt/generation/generation_id.hpp"

namespace shunt::flip {

// How many generations of one kind this process has under way: those that are being submitted, and those that
// have been accepted and whose end has not been heard of. An end that nobody tells is supposed at the time
// that acceptance has named, so that what is lost elsewhere takes no place for ever. Any thread.
class InFlight {
 public:
  // A submit under way. Its place ends with it, unless the generation was accepted.
  class Submission {
   public:
    explicit Submission(InFlight& counted) noexcept : counted_(counted) {}
    Submission(const Submission&) = delete;
    Submission& operator=(const Submission&) = delete;
    ~Submission() { --counted_.submitting_; }
    // Counts the generation on its own account until its end, or until `over` if that is not heard of.
    // `watch`: of the generation; its end may have come already.
    void accepted(const GenerationId& id, const EventWatch& watch, SteadyTime over);

   private:
    InFlight& counted_;
  };

  // nullptr where `limit` of them are under way.
  [[nodiscard]] std::shared_ptr<Submission> begin(
      SteadyTime now, std::size_t limit = std::numeric_limits<std::size_t>::max());
  [[nodiscard]] std::size_t count(SteadyTime now);
  void ended(std::string_view id);

 private:
  void forget_overdue(SteadyTime now);

  std::atomic<std::size_t> submitting_{0};
  std::atomic<std::size_t> open_count_{0};  // of open_, so that an end costs nothing where none is
  std::mutex mutex_;
  std::unordered_map<GenerationId, SteadyTime> open_;  // with the time at which its end is supposed
  SteadyTime next_look_{};
};

}  // namespace shunt::flip
