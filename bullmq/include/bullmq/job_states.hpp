#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <vector>

#include "bullmq/job_record.hpp"

namespace bullmq {

// Some states of jobs, each once, in the order in which they were named: {"waiting", "failed"} or
// {JobState::waiting, JobState::failed}. None stands for all. Making one throws ValidationError for a name
// that no state has. (A list in braces is not a std::initializer_list here, which g++ 12 cannot make inside a
// co_await expression.)
class JobStates {
 public:
  JobStates() = default;
  template <typename... States>
    requires(sizeof...(States) > 0 &&
             ((std::same_as<States, JobState> || std::convertible_to<const States&, std::string_view>) &&
              ...))
  // NOLINTNEXTLINE(google-explicit-constructor): one is written where a list is wanted.
  JobStates(const States&... states) {
    (add(states), ...);
  }
  // NOLINTNEXTLINE(google-explicit-constructor)
  JobStates(const std::vector<JobState>& states) {
    for (const JobState state : states) add(state);
  }

  void add(JobState state) noexcept {
    for (const JobState known : *this) {
      if (known == state) return;
    }
    states_[size_++] = state;
  }
  void add(std::string_view name) { add(job_state_from(name)); }

  [[nodiscard]] const JobState* begin() const noexcept { return states_.data(); }
  [[nodiscard]] const JobState* end() const noexcept { return states_.data() + size_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  static constexpr std::size_t kKinds = static_cast<std::size_t>(JobState::paused) + 1;
  std::array<JobState, kKinds> states_{};
  std::size_t size_ = 0;
};

}  // namespace bullmq
