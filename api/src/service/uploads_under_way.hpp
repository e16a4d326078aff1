#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"

namespace shunt::api {

// What uploads under way have written by now, a caller: a quota of what is kept does not count these bytes
// yet, and one caller's uploads must not fill the disk or take all memory of requests. Any thread.
class UploadsUnderWay {
 public:
  // `most_of_caller`: of one caller at once, so that slow ones leave room for those of others.
  explicit UploadsUnderWay(std::size_t most_of_caller) : most_of_caller_(most_of_caller) {}

  // One form's part in it, until it goes. Not thread-safe; the whole outlives it.
  class Share {
   public:
    Share(UploadsUnderWay& all, std::string caller) : all_(&all), caller_(std::move(caller)) {}
    Share(Share&& other) noexcept;
    Share& operator=(Share&&) = delete;
    ~Share();

    // False, and nothing is added, where all that the caller has under way would be more than `most`.
    [[nodiscard]] bool try_add(std::uint64_t bytes, std::uint64_t most);

   private:
    UploadsUnderWay* all_;
    std::string caller_;
    std::uint64_t bytes_ = 0;
  };

  [[nodiscard]] std::size_t most_of_caller() const noexcept { return most_of_caller_; }

  // nullopt: the caller has as many as it may.
  [[nodiscard]] std::optional<Share> begin(std::string_view caller);

  // For metrics: uploads now, and bytes that have been written since the start.
  [[nodiscard]] std::size_t now() const noexcept { return now_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t written() const noexcept { return written_.load(std::memory_order_relaxed); }

 private:
  struct Of {
    std::size_t uploads = 0;
    std::uint64_t bytes = 0;
  };
  void end(const std::string& caller, std::uint64_t bytes) noexcept;

  const std::size_t most_of_caller_;
  std::mutex mutex_;
  std::map<std::string, Of, std::less<>> callers_;
  std::atomic<std::size_t> now_{0};
  std::atomic<std::uint64_t> written_{0};
};

}  // namespace shunt::api
