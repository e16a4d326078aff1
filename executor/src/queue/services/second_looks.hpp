#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "bullmq/awaitable.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// How long to wait before the look that comes after so many that found nothing, for a generation of this age;
// nullopt: it would have been found by now. An age below zero comes from another clock. Pure.
[[nodiscard]] std::optional<std::chrono::milliseconds> pause_before_look(std::chrono::milliseconds age,
                                                                         int looks) noexcept;

// A sync generation is entered into Redis a moment after it has begun (docs/decisions/0023), and a client may
// ask another process for it sooner. Who does not find a generation that is as young as that looks again. One
// thread: the loop's.
class SecondLooks {
 public:
  SecondLooks(QueueContext& context, std::string_view id);

  // True after a pause: look again. False: it is not there.
  bullmq::awaitable<bool> wait();

 private:
  QueueContext& context_;
  const std::optional<GenerationId> id_;
  int looks_ = 0;
};

}  // namespace shunt::executor
