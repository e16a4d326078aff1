#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "queue/records/server_facts.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What is known of Redis and of the models behind it, as describe() tells it. Any thread.
class QueueStatus {
 public:
  explicit QueueStatus(const Clock& clock) : clock_(clock) {}

  void connected();
  // The connection was lost, or could not be made.
  void disconnected(const std::string& why);
  void failed_to_connect(const std::string& why);
  // The server is there and does not do what it is asked for.
  void refused(const std::string& why);
  void answered(std::vector<ModelDescription> seen);
  // Returns the eviction policy that was known before.
  std::string learnt(const ServerFacts& facts);

  [[nodiscard]] bool is_ready() const;
  [[nodiscard]] std::string reason() const;  // why it is not ready
  [[nodiscard]] std::vector<ModelDescription> models() const;
  void describe(ExecutorDescription& description) const;

 private:
  // The caller holds mutex_.
  void degrade(std::string reason);
  [[nodiscard]] std::vector<Warning> warnings() const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  Health health_ = Health::kDegraded;
  std::string reason_ = "not connected to Redis yet";
  ServerStatus server_;
  std::vector<ModelDescription> models_;  // empty while Redis does not answer
  std::optional<WallTime> models_as_of_;
};

}  // namespace shunt::executor
