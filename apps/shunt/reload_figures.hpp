#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "namespace.hpp"
#include "shunt/base/clock.hpp"

namespace shunt::app {

// What has become of the reloads of this process, for /metrics. Any thread.
class ReloadFigures {
 public:
  explicit ReloadFigures(std::string digest) : digest_(std::move(digest)) {}

  // `digest` is that of what runs now; `waiting` settings have other values than it.
  void taken(std::string digest, std::size_t waiting, WallTime now);
  void rejected(WallTime now);

  [[nodiscard]] std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::string digest_;
  std::size_t waiting_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t rejected_ = 0;
  bool last_was_taken_ = true;
  WallTime last_at_{};  // the epoch: there was none
};

}  // namespace shunt::app
