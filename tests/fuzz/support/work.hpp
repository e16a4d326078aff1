#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

// A fuzz target's clock: whether some work grows with its input as it should, and not with its square.
namespace shunt::fuzz {

// What this thread has used of a processor: a busy machine makes it hardly longer.
inline std::chrono::nanoseconds cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

template <typename Work>
std::chrono::nanoseconds cpu_time_of(const Work& work, const std::string& input) {
  const auto begin = cpu_time();
  work(input);
  return cpu_time() - begin;
}

// Ends the program when `work` takes longer than it may for this input: what it takes for `small`, for each
// byte, and eight times as much, since memory is slower when there is more of it and others use it. `large`
// is of the same kind and at least sixteen times as large, where a square takes sixteen times as much. A
// figure that does not hold is taken anew, twice.
template <typename Work>
void check_grows_linearly(const Work& work, const std::string& small, const std::string& large,
                          const char* what) {
  constexpr std::chrono::milliseconds kNotWorthMeasuring{10};
  constexpr double kPatience = 8;
  std::chrono::nanoseconds brief{};
  std::chrono::nanoseconds longer{};
  for (int tries = 0; tries < 3; ++tries) {
    longer = cpu_time_of(work, large);
    if (longer < kNotWorthMeasuring) return;
    brief = cpu_time_of(work, small);
    const double ratio =
        static_cast<double>(large.size()) / static_cast<double>(std::max<std::size_t>(small.size(), 1));
    if (static_cast<double>(longer.count()) <= kPatience * ratio * static_cast<double>(brief.count())) return;
  }
  std::fprintf(stderr, "%s: %zu bytes take %lld us, %zu bytes take %lld us\n", what, small.size(),
               static_cast<long long>(brief.count() / 1000), large.size(),
               static_cast<long long>(longer.count() / 1000));
  std::abort();
}

}  // namespace shunt::fuzz
