#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/records/broken_records.hpp"
#include "queue/records/generation_keys.hpp"
#include "queue/records/generation_records.hpp"
#include "queue/records/queue_keyspace.hpp"
#include "queue/records/sync_records.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/queue_executor.hpp"

namespace shunt::executor {

// What the services of the queue executor work with. It and they are made, used and closed on the loop's
// thread, and destroyed when that thread has been joined: so every coroutine on the loop may refer to them,
// and what is destroyed together with the loop must not.
class QueueContext {
 public:
  QueueContext(const ModelRegistry& models, ArtifactStore& artifacts, QueueExecutorOptions options,
               EventLoop& loop);

  // Runs a coroutine that nobody waits for. It catches what it may; what it lets out all the same is a fault.
  // Any thread.
  void launch(bullmq::awaitable<void> work);
  // Ends all connections but that of the notifications. What waits for Redis fails then.
  void close();
  // After the loop's thread has been joined: waits for the call of the artifact store that is under way.
  void wait_for_files() { files.join(); }

  // Counts and logs a record that is not as ours are, and returns the error.
  Error report_broken(std::string_view id, Error error);
  // How long the end of a generation of this model may take, beyond the deadline, while a worker has it: its
  // grace and the time in which a lost worker is found.
  [[nodiscard]] std::chrono::milliseconds grace_of(std::string_view model) const;

  // The models of now.
  [[nodiscard]] std::vector<std::string> model_names() const;
  // With those that a reload has taken away: their generations may be open still. By name, how long one may
  // take. On the loop's thread.
  [[nodiscard]] const std::map<std::string, std::chrono::milliseconds>& timeouts();

  const ModelRegistry& models;
  ArtifactStore& artifacts;
  const QueueExecutorOptions options;
  const Clock& clock;
  EventLoop& loop;

 private:
  FaultLog own_faults_;
  std::map<std::string, std::chrono::milliseconds> timeouts_;

 public:
  FaultLog& faults;
  const GenerationKeys keys;
  const std::string process;  // names this executor among those who follow a generation
  BrokenRecords broken;

  // Connections: what a submit waits for, with short deadlines; what is looked up; what reads much, so that
  // nobody else waits behind it; and the one that waits for notifications.
  bullmq::Redis submit_connection;
  bullmq::Redis query_connection;
  bullmq::Redis list_connection;
  bullmq::Redis blocking_connection;
  GenerationRecords submit_records;
  GenerationRecords records;
  GenerationRecords list_records;
  SyncRecords registrations;  // what a submit may wait for
  SyncRecords sync_records;
  QueueKeyspace queues;         // for what somebody waits for
  QueueKeyspace listed_queues;  // for housekeeping
  boost::asio::thread_pool files{2};
};

// For everything that reads or administers.
[[nodiscard]] Error cannot_look(const std::exception& error);

// This many generations are ended at once: as many as share a call (ScriptBatcher).
inline constexpr std::size_t kEndedAtOnce = 200;

}  // namespace shunt::executor
