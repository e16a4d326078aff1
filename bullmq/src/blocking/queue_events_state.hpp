#pragma once

#include <memory>

#include "blocking/gate.hpp"
#include "blocking/loop.hpp"
#include "bullmq/blocking_queue_events.hpp"
#include "bullmq/queue_events.hpp"

namespace bullmq::blocking {

struct [[gnu::visibility("hidden")]] QueueEvents::State {
  State(std::shared_ptr<Client::Loop> of, const std::shared_ptr<bullmq::QueueEvents>& made)
      : loop(std::move(of)), events(loop->gate, made) {}
  ~State();

  // First: it goes last.
  std::shared_ptr<Client::Loop> loop;
  detail::Kept<bullmq::QueueEvents> events;
};

}  // namespace bullmq::blocking
