// A Redis that answers anything to anything: nothing crashes, only bullmq::Error is thrown, and what goes on
// by itself tells an error and goes on.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "bullmq/queue.hpp"
#include "bullmq/queue_events.hpp"
#include "bullmq/worker.hpp"
#include "fast_path_side.hpp"
#include "lying_proxy.hpp"

namespace bullmq::testing {
namespace {

struct Answer {
  const char* name;
  std::string bytes;
};

std::vector<Answer> hostile_answers() {
  std::string many = "*300\r\n";
  for (int i = 0; i < 300; ++i) many += ":-1\r\n";
  return {{"nil", "$-1\r\n"},
          {"a nil array", "*-1\r\n"},
          {"an empty array", "*0\r\n"},
          {"an empty text", "$0\r\n\r\n"},
          {"a text", "+OK\r\n"},
          {"bytes", "$4\r\n\xff\xfe\r\n\r\n"},
          {"a large negative integer", ":-9223372036854775808\r\n"},
          {"an unknown code", ":-4294967297\r\n"},
          {"one element", "*1\r\n:0\r\n"},
          {"one nil", "*1\r\n$-1\r\n"},
          {"one text", "*1\r\n$1\r\nx\r\n"},
          {"texts", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"},
          {"nested", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"},
          {"a nested job without an id", "*1\r\n*2\r\n*0\r\n$-1\r\n"},
          {"an error inside", "*2\r\n-ERR inside\r\n:1\r\n"},
          {"an error", "-ERR whatever\r\n"},
          {"an empty error", "-\r\n"},
          {"many", many}};
}

// Of the connection itself, which has tests of its own.
bool is_of_the_handshake(const std::vector<Reply>& command) {
  static const std::set<std::string> kWords{"AUTH", "SELECT", "CLIENT", "ROLE", "INFO", "PING"};
  return command.empty() || kWords.contains(command[0].text);
}

// Lies with each answer `times` times in turn, then no more.
LyingProxy::Lie each_in_turn(std::vector<Answer> answers, std::set<std::string> commands) {
  const auto next = std::make_shared<std::size_t>(0);
  return [answers = std::move(answers), commands = std::move(commands),
          next](const std::vector<Reply>& command) -> std::optional<std::string> {
    if (is_of_the_handshake(command) || !commands.contains(command[0].text)) return std::nullopt;
    // A script that is sent for the first time would not be known afterwards.
    if (*next >= answers.size()) return std::nullopt;
    return answers[(*next)++].bytes;
  };
}

ConnectionOptions by(const LyingProxy& proxy) {
  ConnectionOptions options;
  options.url = proxy.url();
  options.command_timeout = std::chrono::seconds(5);
  return options;
}

using Operation = std::function<awaitable<void>(Queue&)>;

template <typename Call>
Operation operation(Call call) {
  return [call](Queue& queue) -> awaitable<void> {
    auto pending = call(queue);
    co_await std::move(pending);
  };
}

// The handle has to be there when the operation begins.
template <typename Call>
Operation of_job(Call call) {
  return [call](Queue& queue) -> awaitable<void> {
    Job job = queue.job_handle("own");
    auto pending = call(job);
    co_await std::move(pending);
  };
}

std::map<std::string, Operation> operations() {
  JobOptions own;
  own.job_id = "own";
  JobOptions once;
  once.deduplication.emplace().id = "once";
  return {
      {"add", operation([](Queue& q) { return q.add("paint", "{}"); })},
      {"add with an id", operation([own](Queue& q) { return q.add("paint", "{}", own); })},
      {"add once", operation([once](Queue& q) { return q.add("paint", "{}", once); })},
      {"add bulk", operation([once](Queue& q) {
         std::vector<BulkJob> jobs(3);
         for (BulkJob& each : jobs) each.name = "paint";
         return q.add_bulk(std::move(jobs));
       })},
      {"add bulk once", operation([once](Queue& q) {
         std::vector<BulkJob> jobs(2);
         for (BulkJob& each : jobs) {
           each.name = "paint";
           each.options = once;
         }
         return q.add_bulk(std::move(jobs));
       })},
      {"get job", operation([](Queue& q) { return q.get_job("own"); })},
      {"get jobs", operation([](Queue& q) { return q.get_jobs({}); })},
      {"counts", operation([](Queue& q) { return q.job_counts(); })},
      {"count", operation([](Queue& q) { return q.count(); })},
      {"delayed", operation([](Queue& q) { return q.delayed_count(1); })},
      {"priorities", operation([](Queue& q) { return q.counts_per_priority({1, 2}); })},
      {"state", operation([](Queue& q) { return q.job_state("own"); })},
      {"logs", operation([](Queue& q) { return q.job_logs("own"); })},
      {"meta", operation([](Queue& q) { return q.meta(); })},
      {"version", operation([](Queue& q) { return q.version(); })},
      {"metrics", operation([](Queue& q) { return q.metrics(FinishedState::completed); })},
      {"prometheus", operation([](Queue& q) { return q.export_prometheus_metrics(); })},
      {"is paused", operation([](Queue& q) { return q.is_paused(); })},
      {"is maxed", operation([](Queue& q) { return q.is_maxed(); })},
      {"limit", operation([](Queue& q) { return q.rate_limit_ttl(); })},
      {"concurrency", operation([](Queue& q) { return q.global_concurrency(); })},
      {"global limit", operation([](Queue& q) { return q.global_rate_limit(); })},
      {"deduplication", operation([](Queue& q) { return q.deduplication_job_id("once"); })},
      {"pause", operation([](Queue& q) { return q.pause(); })},
      {"resume", operation([](Queue& q) { return q.resume(); })},
      {"remove", operation([](Queue& q) { return q.remove("own"); })},
      {"drain", operation([](Queue& q) { return q.drain(); })},
      {"clean", operation([](Queue& q) {
         CleanOptions options;
         options.limit = 10;
         return q.clean(options);
       })},
      {"retry", operation([](Queue& q) { return q.retry_jobs(); })},
      {"progress", operation([](Queue& q) { return q.update_job_progress("own", "1"); })},
      {"log", operation([](Queue& q) { return q.add_job_log("own", "a line"); })},
      {"trim", operation([](Queue& q) { return q.trim_events(10); })},
      {"orphans", operation([](Queue& q) { return q.remove_orphaned_jobs(); })},
      {"is delayed", of_job([](Job& job) { return job.is_in(JobState::delayed); })},
      {"is waiting", of_job([](Job& job) { return job.is_in(JobState::waiting); })},
      {"data", of_job([](Job& job) { return job.update_data("{}"); })},
      {"promote", of_job([](Job& job) { return job.promote(); })},
      {"delay", of_job([](Job& job) { return job.change_delay(Milliseconds(1)); })},
      {"reprocess", of_job([](Job& job) { return job.retry(); })},
      {"complete", of_job([](Job& job) { return job.move_to_completed("1", "token", FetchNext::yes); })},
      {"fail", of_job([](Job& job) { return job.move_to_failed("why", "token", FetchNext::yes); })},
      {"to delayed", of_job([](Job& job) { return job.move_to_delayed(1, "token"); })},
      {"to wait", of_job([](Job& job) { return job.move_to_wait("token"); })},
      {"to children", of_job([](Job& job) { return job.move_to_waiting_children("token"); })},
      {"lock", of_job([](Job& job) { return job.extend_lock("token", Milliseconds(1)); })},
      {"children", of_job([](Job& job) { return job.children_values(); })},
      {"dependencies", of_job([](Job& job) { return job.dependencies(); })},
      {"how many", of_job([](Job& job) { return job.dependencies_count(); })},
      {"child", of_job([](Job& job) { return job.remove_child_dependency(); })},
  };
}

awaitable<void> attempt(Queue& queue, Operation what, std::string& foreign) {
  try {
    co_await what(queue);
  } catch (const std::exception& error) {
    const bool promised = dynamic_cast<const Error*>(&error) != nullptr;  // by error.hpp
    if (!promised) foreign = error.what();
  }
}

TEST(LyingRedis, MakesAQueueThrowNothingButItsErrors) {
  EventLoop loop;
  Side side(loop, true);
  LyingProxy proxy(loop.executor(), side.server->port());
  QueueOptions options;
  options.connection = by(proxy);
  options.skip_metas_update = true;
  Queue queue(loop.executor(), "paint", options);
  loop.run(queue.wait_until_ready());
  for (const auto& [name, what] : operations()) {
    for (const Answer& answer : hostile_answers()) {
      SCOPED_TRACE(name + ": " + answer.name);
      proxy.tell([&](const std::vector<Reply>& command) -> std::optional<std::string> {
        if (is_of_the_handshake(command)) return std::nullopt;
        return answer.bytes;
      });
      std::string foreign;
      loop.run(attempt(queue, what, foreign));
      EXPECT_EQ(foreign, "");
    }
  }
  proxy.tell({});
  EXPECT_GT(loop.run(queue.add("paint", "{}")).id(), "");
}

// Jobs are done while it lies, and after it.
TEST(LyingRedis, LeavesAWorkerAtWork) {
  for (const bool fast : {true, false}) {
    SCOPED_TRACE(fast ? "shared calls" : "a call a job");
    EventLoop loop;
    Side side(loop, true);
    LyingProxy proxy(loop.executor(), side.server->port());
    QueueOptions options;
    options.connection = side.connection->options();
    Queue queue(loop.executor(), "paint", options);
    std::vector<BulkJob> jobs(120);
    for (BulkJob& job : jobs) job.name = "paint";
    loop.run(queue.add_bulk(jobs));

    proxy.tell(each_in_turn(hostile_answers(), {"EVALSHA", "EVAL", "LRANGE", "MGET", "HGETALL", "BZPOPMIN"}));
    WorkerOptions worker_options;
    worker_options.connection = by(proxy);
    worker_options.concurrency = 4;
    worker_options.fast_path = fast;
    worker_options.run_retry_delay = Milliseconds(5);
    worker_options.max_error_pause = Milliseconds(20);
    worker_options.lock_duration = Milliseconds(2'000);
    worker_options.stalled_interval = Milliseconds(500);
    worker_options.drain_delay = Milliseconds(200);
    worker_options.max_stalled_count = 100;
    std::set<std::string> done;
    std::size_t errors = 0;
    const Processor processor = [&done](Job job, std::stop_token) -> awaitable<std::string> {
      done.insert(job.id());
      co_return "null";
    };
    Worker worker(loop.executor(), "paint", processor, worker_options);
    const auto counted = worker.events().error.subscribe([&errors](const std::exception&) { ++errors; });
    const auto& keys = side.backend->keys();
    loop.until([&] { return side.ask(make_query("ZCARD", keys.completed)).to_int() == 120; }, 60s);
    EXPECT_EQ(done.size(), 120U);
    EXPECT_GT(errors, 3U);
    EXPECT_GE(proxy.lies(), hostile_answers().size());
    loop.run(worker.close());
    loop.run(queue.close());
  }
}

TEST(LyingRedis, LeavesQueueEventsReading) {
  EventLoop loop;
  Side side(loop, true);
  LyingProxy proxy(loop.executor(), side.server->port());
  std::vector<Answer> answers{{"a text", "+OK\r\n"}, {"nested", "*1\r\n*1\r\n*0\r\n"}};
  proxy.tell(each_in_turn(answers, {"XREVRANGE", "XREAD"}));
  QueueEventsOptions options;
  options.connection = by(proxy);
  options.last_event_id = "0";
  QueueEvents events(loop.executor(), "paint", options);
  std::size_t errors = 0;
  std::set<std::string> added;
  const auto counted = events.on_error().subscribe([&](const std::exception&) { ++errors; });
  const auto listening = events.on_event().subscribe([&](const QueueEvent& event) {
    if (event.name == "added") added.insert(std::string(event.job_id()));
  });
  JobToAdd job;
  job.name = "paint";
  job.data = "{}";
  loop.run(side.backend->add(job));
  loop.until([&] { return added.contains("1"); });
  EXPECT_EQ(errors, answers.size());
  loop.run(events.close());
}

}  // namespace
}  // namespace bullmq::testing
