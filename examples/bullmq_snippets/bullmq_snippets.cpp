// The pieces of code that docs/bullmq/ shows, each between its name in brackets and [end]. The test that
// compares the two runs this program, too; so each of them does what the page says, on a real Redis.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>
#include <bullmq/batcher.hpp>
#include <bullmq/connection.hpp>
#include <bullmq/error.hpp>
#include <bullmq/json.hpp>
#include <bullmq/queue.hpp>
#include <bullmq/queue_events.hpp>
#include <bullmq/redis.hpp>
#include <bullmq/worker.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

void expect(bool is_true, const char* what) {
  if (!is_true) throw std::runtime_error(std::string("not so: ") + what);
}

bullmq::ConnectionOptions encrypted() {
  // [tls]
  bullmq::ConnectionOptions options;
  options.url = "rediss://app:p%40ss@redis.example.com:6380/2";  // TLS, ACL user, database 2
  options.tls.emplace().ca_file = "/etc/ssl/redis-ca.pem";
  // [end]
  return options;
}

// [types]
struct Mail {
  std::string to;
  std::string subject;
};
BOOST_DESCRIBE_STRUCT(Mail, (), (to, subject))

bullmq::awaitable<void> add_mail(bullmq::Queue& queue) {
  const Mail mail{"ada@example.com", "Welcome"};
  co_await queue.add("welcome", mail);
}

bullmq::awaitable<bool> send_mail(Mail mail, bullmq::Job job) {
  co_await job.log("to " + mail.to);
  co_return true;
}
// [end]

bullmq::awaitable<void> add_with_options(bullmq::Queue& queue) {
  // [options]
  const bullmq::JobOptions options{
      .delay = 500ms,
      .priority = 10,
      .attempts = 5,
      .backoff = bullmq::Backoff{"exponential", 1s, 0.5},
      .remove_on_complete = bullmq::KeepJobs::last(1'000),
      .remove_on_fail = bullmq::KeepJobs{.age = 24h, .count = 5'000},
  };
  co_await queue.add("report", R"({"month":"2026-10"})", options);
  // [end]
}

bullmq::awaitable<void> add_once(bullmq::Queue& queue) {
  // [once]
  const bullmq::JobOptions options{.job_id = "invoice-2026-10-ada"};
  bullmq::Job first = co_await queue.add("invoice", "{}", options);
  bullmq::Job again = co_await queue.add("invoice", "{}", options);
  if (again.outcome() == bullmq::AddOutcome::duplicate) std::cout << again.id() << " is there already\n";
  // [end]
  expect(first.outcome() == bullmq::AddOutcome::created, "the first add creates the job");
  expect(again.outcome() == bullmq::AddOutcome::duplicate, "the second add is a duplicate");
}

bullmq::awaitable<void> add_deduplicated(bullmq::Queue& queue) {
  // [deduplicated]
  const bullmq::JobOptions options{.deduplication = bullmq::Deduplication{.id = "reindex"}};
  bullmq::Job first = co_await queue.add("reindex", "{}", options);
  bullmq::Job same = co_await queue.add("reindex", "{}", options);
  // [end]
  expect(same.outcome() == bullmq::AddOutcome::deduplicated && same.id() == first.id(),
         "one job of two adds");
}

bullmq::awaitable<void> add_many(bullmq::Queue& queue) {
  // [bulk]
  std::vector<bullmq::BulkJob> mails;
  for (int i = 0; i < 2'500; ++i) {
    mails.emplace_back("newsletter", Mail{"reader-" + std::to_string(i), "News"});
  }
  const std::vector<bullmq::Job> added = co_await queue.add_bulk(std::move(mails));
  // [end]
  expect(added.size() == 2'500, "all were added");
}

bullmq::awaitable<void> add_carefully(bullmq::Queue& queue, bullmq::JobOptions options) {
  // [fate]
  try {
    co_await queue.add("payment", R"({"amount":42})", options);
  } catch (const bullmq::ConnectionError& error) {
    if (error.fate() == bullmq::Fate::not_executed) {
      std::cerr << "Redis is not there, nothing was added: " << error.what() << '\n';
    } else {
      std::cerr << "the answer was lost; the job may be there: " << error.what() << '\n';
    }
  }
  // [end]
}

bullmq::awaitable<void> look(bullmq::Queue& queue) {
  // [look]
  auto counts = co_await queue.job_counts();
  std::cout << counts[bullmq::JobState::waiting] << " wait, " << counts[bullmq::JobState::failed]
            << " failed\n";

  std::vector<bullmq::Job> waiting = co_await queue.get_jobs({"waiting"}, 0, 9);
  for (const bullmq::Job& job : waiting) std::cout << job.id() << ' ' << job.name() << '\n';

  std::optional<bullmq::Job> job = co_await queue.get_job("invoice-2026-10-ada");
  if (job) {
    const bullmq::JobState state = co_await job->state();
    std::cout << job->id() << " is " << bullmq::name_of(state) << '\n';
  }
  // [end]
  expect(job.has_value(), "the job is found");
}

bullmq::awaitable<void> administer(bullmq::Queue& queue) {
  // [administer]
  co_await queue.pause();  // no worker, in whatever language, takes a job
  co_await queue.resume();

  co_await queue.promote_jobs();  // all that is delayed runs now
  co_await queue.retry_jobs();    // all that has failed runs again
  co_await queue.drain();         // what waits is removed; active and finished jobs stay

  bullmq::CleanOptions old_failures;
  old_failures.state = bullmq::JobState::failed;
  old_failures.grace = 24h;
  const std::vector<std::string> removed = co_await queue.clean(old_failures);

  co_await queue.trim_events(1'000);
  // [end]
  expect(removed.empty(), "nothing is a day old");
}

bullmq::awaitable<void> limit(bullmq::Queue& queue) {
  // [limits]
  co_await queue.set_global_concurrency(20);      // active at a time, over all workers
  co_await queue.set_global_rate_limit(100, 1s);  // taken a second, over all workers
  co_await queue.rate_limit(50ms);                // nobody takes any for this long
  co_await queue.remove_global_rate_limit();
  co_await queue.remove_global_concurrency();
  // [end]
}

bullmq::awaitable<void> watch(bullmq::Executor executor, bullmq::Queue& queue,
                              bullmq::ConnectionOptions redis) {
  // [watch]
  bullmq::QueueEvents events(executor, queue.name(), {.connection = redis});
  const bullmq::Subscription listening = events.on_event().subscribe(
      [](const bullmq::QueueEvent& event) { std::cout << event.name << ' ' << event.job_id() << '\n'; });
  co_await events.wait_until_ready();
  // [end]
  bullmq::Job job = co_await queue.add("welcome", R"({"to":"a","subject":"b"})");
  const bool sent = co_await job.wait_until_finished<bool>(events, 30s);
  expect(sent, "the mail was sent");
  co_await events.close();
}

// [batcher]
struct Lookup : bullmq::BatchItem {
  std::string key;
  std::string value;
};

// Lookups that are asked for at the same time share one MGET.
bullmq::awaitable<void> look_up(bullmq::Redis redis, bullmq::Batch<Lookup> lookups) {
  std::vector<std::string> command{"MGET"};
  for (std::size_t i = 0; i < lookups.size(); ++i) command.push_back(lookups[i].key);
  const bullmq::RedisReply reply = co_await redis.execute(std::move(command));
  for (std::size_t i = 0; i < lookups.size(); ++i) lookups[i].value = reply.elements.at(i).text;
}

bullmq::Batcher<Lookup> make_batcher(bullmq::Executor executor, bullmq::Redis redis) {
  return {executor, [redis](bullmq::Batch<Lookup> lookups) { return look_up(redis, lookups); }};
}

bullmq::awaitable<std::string> get(bullmq::Batcher<Lookup> batcher, std::string key) {
  const auto lookup = std::make_shared<Lookup>();
  lookup->bytes = key.size();
  lookup->key = std::move(key);
  co_await batcher.join(lookup);
  co_return lookup->value;
}
// [end]

bullmq::awaitable<void> look_up_in_batches(bullmq::Executor executor, bullmq::ConnectionOptions to) {
  bullmq::Redis redis(bullmq::open_connection(executor, to));
  std::vector<std::string> set{"SET", "snippets:greeting", "hello"};
  co_await redis.execute(std::move(set));
  const std::string found = co_await get(make_batcher(executor, redis), "snippets:greeting");
  expect(found == "hello", "the batcher finds what was set");
  std::vector<std::string> remove{"DEL", "snippets:greeting"};
  co_await redis.execute(std::move(remove));
}

bullmq::awaitable<void> wipe(bullmq::Queue& queue) {
  // [obliterate]
  bullmq::ObliterateOptions options;
  options.force = true;
  co_await queue.obliterate(options);
  // [end]
  const auto left = co_await queue.count();
  expect(left == 0, "nothing is left");
}

bullmq::awaitable<void> run(bullmq::Executor executor, bullmq::ConnectionOptions redis) {
  bullmq::QueueOptions options;
  options.connection = redis;
  // [retention]
  options.default_job_options.remove_on_complete = bullmq::KeepJobs{.age = 1h, .count = 1'000};
  options.default_job_options.remove_on_fail = bullmq::KeepJobs{.age = 24h * 7, .count = 10'000};
  // [end]
  bullmq::Queue queue(executor, "snippets", options);
  co_await add_mail(queue);
  co_await add_with_options(queue);
  co_await add_once(queue);
  co_await add_deduplicated(queue);
  co_await add_many(queue);
  const bullmq::JobOptions none;
  co_await add_carefully(queue, none);
  co_await look(queue);
  co_await administer(queue);
  co_await limit(queue);
  co_await look_up_in_batches(executor, redis);
  co_await wipe(queue);
  co_await queue.resume();
  {
    bullmq::Worker worker(executor, "snippets", bullmq::with_data<Mail>(send_mail), {.connection = redis});
    co_await watch(executor, queue, redis);
    co_await worker.close(10s);
  }
  co_await queue.close();
}

}  // namespace

int main() {
  expect(bullmq::resolve_url(encrypted()).database == 2, "the URL names the database");
  boost::asio::io_context loop;
  bullmq::ConnectionOptions redis;
  if (const char* url = std::getenv("REDIS_URL")) redis.url = url;
  boost::asio::co_spawn(loop, run(loop.get_executor(), redis), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  loop.run();
}
