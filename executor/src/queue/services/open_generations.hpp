#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "queue/services/end_writer.hpp"
#include "queue/services/generation_reader.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// Ends open generations that nobody follows and that are over: those whose time is over, and those whose job
// has ended or is gone. One thread: the loop's.
class OpenGenerations {
 public:
  OpenGenerations(QueueContext& context, GenerationReader& reader, EndWriter& ends)
      : context_(context), reader_(reader), ends_(ends) {}
  void start();
  void stop();

 private:
  struct Page {
    std::size_t looked_at = 0;
    std::size_t ended = 0;
  };
  bullmq::awaitable<void> look_at_all();
  bullmq::awaitable<void> look_at_model(std::string model, std::chrono::milliseconds timeout);
  bullmq::awaitable<Page> look_at_page(std::string model, std::chrono::milliseconds timeout,
                                       std::size_t skip);
  bullmq::awaitable<std::size_t> end_together(std::vector<std::string> ids);

  QueueContext& context_;
  GenerationReader& reader_;
  EndWriter& ends_;
  PeriodicDuty looking_;
};

}  // namespace shunt::executor
