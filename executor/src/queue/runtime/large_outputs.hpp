#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "bullmq/awaitable.hpp"
#include "queue/records/generation_records.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/generation_event.hpp"

namespace shunt::executor {

// What one generation has put out and is too large for Redis: it goes to the artifact store, and its digest
// takes its place in the log. One thread: the loop's.
class LargeOutputs {
 public:
  struct Services {
    EventLoop& loop;
    GenerationRecords& records;
    ArtifactStore& artifacts;
    boost::asio::thread_pool& files;
    FaultLog& faults;
    std::size_t max_inline_bytes;
    MemoryBudget& memory;
    // A worker's, beyond which nothing of its is stored. An owner has no other beside it.
    std::optional<std::uint64_t> attempt{};
  };
  // `given_up`: whether nobody wants it stored any more.
  LargeOutputs(Services services, std::string id, std::function<bool()> given_up)
      : services_(services), id_(std::move(id)), given_up_(std::move(given_up)) {}

  // Stores an artifact, or a result whose JSON is long; leaves every other event as it is. Returns why the
  // store has not taken it: `worker_lost` where the generation is not this attempt's any more, whose bytes
  // are not stored. `payload` and this live until it returns.
  bullmq::awaitable<std::optional<Error>> store(GenerationEvent::Payload& payload);

 private:
  // False when nobody wants the bytes any more.
  bullmq::awaitable<bool> reserve(std::string sha256);

  const Services services_;
  const std::string id_;
  const std::function<bool()> given_up_;
};

}  // namespace shunt::executor
