// The typed gateway to what Redis knows, against a real server: whether each function packs what its script
// takes and decodes what it answers. generation_scripts_test.cpp has the scripts themselves.
#include "queue/records/generation_records.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>

#include "bullmq/connection.hpp"
#include "integration/bullmq/redis_process.hpp"
#include "queue/records/queue_keyspace.hpp"
#include "queue/records/worker_lease.hpp"

namespace shunt::executor {
namespace {

using bullmq::testing::RedisProcess;
using namespace std::chrono_literals;

class GenerationRecordsTest : public ::testing::Test {
 protected:
  GenerationRecordsTest() {
    redis()({"FLUSHALL"});
    bullmq::ConnectionOptions to;
    to.url = redis().url();
    connection_.emplace(bullmq::open_connection(loop_.context().get_executor(), to), keys_.base);
    GenerationRecordsOptions options;
    options.queue.prefix = keys_.prefix;
    options.process = "me";
    records_ = std::make_unique<GenerationRecords>(loop_, *connection_, options);
  }

  static RedisProcess& redis() {
    static RedisProcess server;
    return server;
  }

  template <typename T>
  static awaitable<void> into(awaitable<T> work, std::optional<T>* result) {
    *result = co_await std::move(work);
  }
  template <typename T>
  T await(awaitable<T> work) {
    std::optional<T> result;
    await(into(std::move(work), &result));
    return std::move(*result);
  }
  void await(awaitable<void> work) {
    std::exception_ptr failure;
    boost::asio::co_spawn(loop_.context(), std::move(work), [&](const std::exception_ptr& thrown) {
      failure = thrown;
      loop_.stop();
    });
    const Timer limit = loop_.after(30s, [] { FAIL() << "no answer"; });
    loop_.run();
    if (failure) std::rethrow_exception(failure);
  }

  Envelope make_envelope() {
    Envelope envelope;
    envelope.id = ids_.next();
    envelope.request.model = "echo";
    envelope.request.caller = "ann";
    envelope.admission = {"queue", "test"};
    envelope.created_at = envelope.id.created_at();
    return envelope;
  }
  static AdmissionRequest asking(const Envelope& envelope, std::string claim = {}, std::string print = "p") {
    AdmissionRequest request;
    request.id = envelope.id.to_string();
    request.model = envelope.request.model;
    request.head = encode_head(envelope);
    request.claim = std::move(claim);
    request.fingerprint = std::move(print);
    request.max_waiting = 9;
    request.slots = 1;
    request.ttl = 60s;
    request.caller = envelope.request.caller;
    return request;
  }
  // Admitted, and with a job.
  std::string admitted(const Envelope& envelope) {
    const auto answer = await(records_->admit(asking(envelope)));
    EXPECT_TRUE(answer && std::holds_alternative<Admitted>(*answer));
    const std::string id = envelope.id.to_string();
    redis()({"HSET", job(id), "data", *encode_envelope(envelope)});
    return id;
  }
  static AttemptRequest beginning(const Envelope& envelope, std::string token = {}) {
    AttemptRequest request;
    request.id = envelope.id.to_string();
    request.model = envelope.request.model;
    request.ttl = 60s;
    request.created_at = envelope.created_at;
    request.lock_token = std::move(token);
    return request;
  }
  template <typename Kind, typename Answer>
  static std::optional<Kind> as(const Result<Answer>& answer) {
    const Kind* const kind = answer ? std::get_if<Kind>(&*answer) : nullptr;
    return kind == nullptr ? std::nullopt : std::optional<Kind>(*kind);
  }
  template <typename Kind>
  AppendAnswer append(const std::string& id, std::optional<std::uint64_t> attempt, std::uint64_t sequence,
                      Kind event, LogBatch::Then then = LogBatch::Then::kMore) {
    std::vector<GenerationEvent> events;
    events.push_back({sequence, system_clock().now(), std::move(event)});
    LogBatch batch = make_batch(id, attempt, events);
    if (then != LogBatch::Then::kMore) batch.then = then;
    return await(records_->append(std::move(batch)));
  }
  std::string end(const std::string& id) {
    EXPECT_TRUE(std::holds_alternative<Appended>(append(id, 0, 2, event::Succeeded{})));
    return id;
  }
  [[nodiscard]] std::string queue() const { return keys_.queue("echo"); }
  [[nodiscard]] std::string job(const std::string& id) const { return queue() + ':' + id; }

  const GenerationKeys keys_{"{t}"};
  EventLoop loop_;
  GenerationIdSource ids_{system_clock()};
  std::optional<bullmq::Redis> connection_;
  std::unique_ptr<GenerationRecords> records_;
};

TEST_F(GenerationRecordsTest, AdmitEachOfItsAnswers) {
  const Envelope first = make_envelope();
  EXPECT_TRUE(as<Admitted>(await(records_->admit(asking(first, "claim")))));
  const auto held = as<KeyHeld>(await(records_->admit(asking(make_envelope(), "claim"))));
  ASSERT_TRUE(held);
  EXPECT_EQ(held->holder, first.id);
  EXPECT_TRUE(held->lost);
  redis()({"HSET", job(first.id.to_string()), "data", "{}"});
  EXPECT_FALSE(as<KeyHeld>(await(records_->admit(asking(make_envelope(), "claim"))))->lost);
  EXPECT_TRUE(as<KeyConflict>(await(records_->admit(asking(make_envelope(), "claim", "another")))));
  AdmissionRequest full = asking(make_envelope());
  full.max_waiting = 0;
  const auto busy = as<ModelBusy>(await(records_->admit(full)));
  ASSERT_TRUE(busy);
  EXPECT_EQ(busy->slots, 1);
  AdmissionRequest quota = asking(make_envelope());
  quota.caller = "bob";
  quota.max_open = 1;
  EXPECT_TRUE(as<Admitted>(await(records_->admit(quota))));
  quota.id = make_envelope().id.to_string();
  EXPECT_EQ(as<TooManyOpen>(await(records_->admit(quota)))->limit, 1);
}

TEST_F(GenerationRecordsTest, UndoAnAdmissionThatHasNoJob) {
  const Envelope envelope = make_envelope();
  (void)await(records_->admit(asking(envelope, "claim")));
  await(records_->undo_admission(envelope.id.to_string(), "claim"));
  EXPECT_EQ(redis()({"EXISTS", keys_.record(envelope.id.to_string())}).integer, 0);
  EXPECT_TRUE(as<Admitted>(await(records_->admit(asking(make_envelope(), "claim", "another")))));
}

TEST_F(GenerationRecordsTest, BeginEachOfItsAnswers) {
  const Envelope envelope = make_envelope();
  EXPECT_TRUE(as<BeginWantsHead>(await(records_->begin(beginning(envelope)))));
  const std::string id = admitted(envelope);
  EXPECT_TRUE(as<BeginNotYours>(await(records_->begin(beginning(envelope, "token")))));
  redis()({"SET", job(id) + ":lock", "token"});
  const auto run = as<BeginRun>(await(records_->begin(beginning(envelope, "token"))));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->attempt, 1U);
  EXPECT_EQ(run->sequence, 1U);
  const auto last = await(records_->last_attempt(id));
  EXPECT_EQ(last.worker, "me");
  EXPECT_EQ(last.attempt, 1U);
  EXPECT_TRUE(as<CancelRunning>(await(records_->cancel(id, "why"))));
  EXPECT_EQ(as<BeginCancelled>(await(records_->begin(beginning(envelope, "token"))))->reason, "why");
  append(id, 2, 2, event::Cancelled{"why"});
  EXPECT_EQ(as<BeginEnded>(await(records_->begin(beginning(envelope, "token"))))->state, "cancelled");
}

TEST_F(GenerationRecordsTest, AppendForTheAttemptThatHasTheRightTo) {
  const Envelope envelope = make_envelope();
  const std::string id = admitted(envelope);
  (void)await(records_->begin(beginning(envelope)));
  EXPECT_TRUE(std::holds_alternative<AppendRefused>(append(id, 0, 2, event::Started{})));
  EXPECT_TRUE(std::holds_alternative<Appended>(append(id, 1, 2, event::Started{})));
  EXPECT_TRUE(std::holds_alternative<Appended>(
      append(id, 1, 3, event::Log{"warn", "again"}, LogBatch::Then::kRetry)));
  EXPECT_EQ(await(records_->last_attempt(id)).worker, "");
  EXPECT_EQ(as<CancelWaiting>(await(records_->cancel(id, "why")))->attempt, 1U);
  const AppendAnswer last = append(id, std::nullopt, 4, event::Cancelled{"why"});
  ASSERT_TRUE(std::holds_alternative<Appended>(last));
  EXPECT_EQ(std::get<Appended>(last).cancel_reason, "why");
  EXPECT_TRUE(as<CancelNothing>(await(records_->cancel(id, "why"))));
}

TEST_F(GenerationRecordsTest, GiveUpWhatNeverCameIntoItsQueue) {
  const Envelope envelope = make_envelope();
  const std::string id = envelope.id.to_string();
  (void)await(records_->admit(asking(envelope)));
  EXPECT_FALSE(await(records_->job_exists("echo", id)));
  EXPECT_FALSE(await(records_->was_given_up(id)));
  append(id, 0, 2, event::Failed{{"worker_lost", "no job", Retryable::kYes}}, LogBatch::Then::kNeverQueued);
  EXPECT_TRUE(await(records_->was_given_up(id)));
}

TEST_F(GenerationRecordsTest, ReadAGenerationAndFollowIt) {
  const std::string id = admitted(make_envelope());
  const auto unknown = await(records_->read(make_envelope().id.to_string(), GenerationRecords::Follow::kNo));
  EXPECT_TRUE(as<GenerationUnknown>(unknown));
  redis()({"HSET", keys_.record(id), "watch", ""});
  auto found = await(records_->read(id, GenerationRecords::Follow::kNo));
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(std::get<StoredGeneration>(*found).generation->state(), GenerationState::kQueued);
  EXPECT_TRUE(std::get<StoredGeneration>(*found).job.exists);
  EXPECT_EQ(redis()({"HGET", keys_.record(id), "watch"}).text, "");
  (void)await(records_->read(id, GenerationRecords::Follow::kYes));
  EXPECT_EQ(redis()({"HGET", keys_.record(id), "watch"}).text, "me");
  await(records_->unwatch({id}));
  EXPECT_EQ(redis()({"HGET", keys_.record(id), "watch"}).text, "");
  redis()({"SET", keys_.record("broken"), "x"});
  EXPECT_EQ(await(records_->read("broken", GenerationRecords::Follow::kNo)).error().code, "broken_record");
}

TEST_F(GenerationRecordsTest, LookAtJobsInTheOrderOfTheIds) {
  const std::string id = admitted(make_envelope());
  const auto answers = await(records_->look_at_jobs({"unknown", id}));
  ASSERT_TRUE(answers.ok());
  EXPECT_TRUE(as<RecordExpired>((*answers)[0]));
  const auto found = as<LookedAt>((*answers)[1]);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, GenerationState::kQueued);
  EXPECT_TRUE(found->job.exists);
}

TEST_F(GenerationRecordsTest, ListAndSummarise) {
  const std::string older = admitted(make_envelope());
  const std::string newer = end(admitted(make_envelope()));
  ListSearch all;
  all.stretch = 10;
  all.wanted = 10;
  const auto page = await(records_->list(all));
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->ids, (std::vector<std::string>{newer, older}));
  EXPECT_EQ(page->next, "");
  ListSearch some = all;
  some.caller = "ann";
  some.state = GenerationState::kQueued;
  some.model = "echo";
  some.before = newer;
  EXPECT_EQ(await(records_->list(some))->ids, std::vector<std::string>{older});
  some.caller = "bob";
  EXPECT_TRUE(await(records_->list(some))->ids.empty());
  const auto summaries = await(records_->summaries({newer, "unknown", older}));
  ASSERT_TRUE(summaries.ok());
  ASSERT_EQ(summaries->found.size(), 3U);
  EXPECT_TRUE(as<StoredGeneration>(summaries->found[0].outcome));
  EXPECT_TRUE(as<GenerationGone>(summaries->found[1].outcome));
  EXPECT_GT(summaries->bytes, 0U);
}

TEST_F(GenerationRecordsTest, AdoptWhatAVersionBeforeHasMade) {
  const std::string id = admitted(make_envelope());
  redis()({"DEL", keys_.base + "all"});
  ListSearch search;
  search.stretch = 10;
  search.wanted = 10;
  EXPECT_TRUE(await(records_->list(search))->adopt);
  EXPECT_FALSE(await(records_->adopt(10))->more);
  EXPECT_EQ(await(records_->list(search))->ids, std::vector<std::string>{id});
}

TEST_F(GenerationRecordsTest, TrimIdsThatAreRememberedNoLonger) {
  const std::string id = admitted(make_envelope());
  EXPECT_EQ(await(records_->trim(system_clock().now() - 1h, std::string(kScanStart))), kScanEnd);
  EXPECT_EQ(redis()({"ZCARD", keys_.index()}).integer, 1);
  (void)await(records_->trim(system_clock().now() + 1h, std::string(kScanStart)));
  EXPECT_EQ(redis()({"ZCARD", keys_.index()}).integer, 0);
}

TEST_F(GenerationRecordsTest, DeleteWhatHasEndedAndHasNoJob) {
  using Deletion = GenerationRecords::Deletion;
  const std::string id = admitted(make_envelope());
  EXPECT_TRUE(as<DeleteOpen>(await(records_->delete_ended(id, Deletion::kLook))));
  end(id);
  redis()({"SET", job(id) + ":lock", "token"});
  EXPECT_TRUE(as<DeleteHeld>(await(records_->delete_ended(id, Deletion::kLook))));
  redis()({"DEL", job(id) + ":lock"});
  EXPECT_EQ(as<DeleteEnded>(await(records_->delete_ended(id, Deletion::kLook)))->queue, queue());
  EXPECT_TRUE(as<DeleteJobThere>(await(records_->delete_ended(id, Deletion::kDo))));
  redis()({"DEL", job(id)});
  EXPECT_TRUE(as<DeleteEnded>(await(records_->delete_ended(id, Deletion::kDo))));
  EXPECT_TRUE(as<DeleteGone>(await(records_->delete_ended(id, Deletion::kDo))));
  EXPECT_TRUE(as<DeleteUnknown>(await(records_->delete_ended("unknown", Deletion::kLook))));
}

TEST_F(GenerationRecordsTest, KeepTheRequestOfAJobThatGoes) {
  const Envelope envelope = make_envelope();
  const std::string id = admitted(envelope);
  EXPECT_EQ(as<RequestText>(await(records_->request(id)))->envelope, *encode_envelope(envelope));
  await(records_->keep_request(id));
  redis()({"DEL", job(id)});
  EXPECT_EQ(as<RequestText>(await(records_->request(id)))->envelope, *encode_envelope(envelope));
  EXPECT_TRUE(as<RequestUnknown>(await(records_->request("unknown"))));
}

TEST_F(GenerationRecordsTest, FindStraysOfAQueue) {
  const std::string id = end(admitted(make_envelope()));
  redis()({"LPUSH", queue() + ":wait", id, "of a producer"});
  const auto strays = await(records_->strays(queue(), 0, 10));
  ASSERT_TRUE(strays.ok());
  EXPECT_EQ(strays->ids, std::vector<std::string>{id});
  EXPECT_FALSE(strays->more);
}

TEST_F(GenerationRecordsTest, ReserveBytesUntilTheirRecordIsGone) {
  const std::string id = admitted(make_envelope());
  const std::string digest(64, 'a');
  EXPECT_EQ(await(records_->reserve(digest, id, 0)), ReserveAnswer::kReserved);
  EXPECT_TRUE(await(records_->release(std::string(kScanStart)))->digests.empty());
  redis()({"DEL", keys_.record(id)});
  const auto released = await(records_->release(std::string(kScanStart)));
  ASSERT_TRUE(released.ok());
  EXPECT_EQ(released->digests, std::vector<std::string>{digest});
  EXPECT_EQ(released->next, kScanEnd);
  EXPECT_EQ(await(records_->reserve(digest, id, {})), ReserveAnswer::kBeingRemoved);
  await(records_->finish_release(digest));
  EXPECT_EQ(await(records_->reserve(digest, id, {})), ReserveAnswer::kReserved);
  EXPECT_EQ(await(records_->reserve(digest, id, 0)), ReserveAnswer::kFenced) << "its record is gone";
}

TEST_F(GenerationRecordsTest, ReserveNothingForAnAttemptThatIsNotTheLast) {
  const std::string id = admitted(make_envelope());
  const std::string digest(64, 'b');
  redis()({"HSET", keys_.record(id), "state", "running", "attempt", "2"});
  EXPECT_EQ(await(records_->reserve(digest, id, 1)), ReserveAnswer::kFenced);
  EXPECT_EQ(redis()({"EXISTS", keys_.base + "files"}).integer, 0);
  EXPECT_EQ(await(records_->reserve(digest, id, 2)), ReserveAnswer::kReserved);
  redis()({"HSET", keys_.record(id), "state", "cancelled"});
  EXPECT_EQ(await(records_->reserve(digest, id, 2)), ReserveAnswer::kFenced);
}

TEST_F(GenerationRecordsTest, TellHowModelsAndWorkersStand) {
  admitted(make_envelope());
  WorkerLease lease;
  lease.process = "worker-1";
  lease.name = "one";
  lease.models.push_back({"echo", 3});
  WorkerLeases leases(*connection_, keys_);
  await(leases.renew(lease, 60s, system_clock().now()));
  const auto probed = await(records_->probe_health({"echo", "other"}));
  ASSERT_TRUE(probed.ok());
  EXPECT_EQ(probed->at(0).open, 1U);
  EXPECT_EQ(probed->at(0).slots, 3U);
  EXPECT_EQ(probed->at(1).workers, 0U);
  const auto fleet = await(records_->fleet({"echo"}));
  ASSERT_TRUE(fleet.ok());
  EXPECT_EQ(fleet->models.front().workers, 1U);
  ASSERT_EQ(fleet->workers.size(), 1U);
  EXPECT_EQ(fleet->workers.front().name, "one");
  await(leases.end(lease));
  EXPECT_TRUE(await(records_->fleet({"echo"}))->workers.empty());
}

TEST_F(GenerationRecordsTest, FindOpenGenerationsByTheirAge) {
  const std::string id = admitted(make_envelope());
  const auto soon = system_clock().now() + 1s;
  EXPECT_EQ(await(records_->open_before("echo", soon, 0, 10)), std::vector<std::string>{id});
  EXPECT_TRUE(await(records_->open_before("echo", soon, 1, 10)).empty());
  EXPECT_TRUE(await(records_->open_before("echo", soon - 1h, 0, 10)).empty());
  await(records_->drop_open("echo", {id}));
  EXPECT_TRUE(await(records_->open_before("echo", soon, 0, 10)).empty());
}

TEST_F(GenerationRecordsTest, LookAfterTheQueuesUnderThePrefix) {
  const QueueKeyspace queues(*connection_, keys_);
  EXPECT_TRUE(queues.owns("{t}:echo"));
  for (const char* foreign : {"{t}", "{t}:", "{t}:echo:meta", "{other}:echo"})
    EXPECT_FALSE(queues.owns(foreign)) << foreign;
  QueueKeyspace keyspace(*connection_, keys_);
  await(keyspace.write_meta(queue(), 500));
  EXPECT_EQ(redis()({"HGET", queue() + ":meta", "opts.maxLenEvents"}).text, "500");
  std::string position(kScanStart);
  do {
    position = await(keyspace.discover(position));
  } while (position != kScanEnd);
  EXPECT_EQ(await(keyspace.known()), std::set<std::string>{queue()});
  redis()({"ZADD", queue() + ":failed", "1000", "old", "99999999999999", "new"});
  const WallTime now = system_clock().now();
  EXPECT_EQ(await(keyspace.ended_before(queue(), QueueKeyspace::Ended::kFailed, now)), 1U);
  EXPECT_EQ(await(keyspace.ended_before(queue(), QueueKeyspace::Ended::kCompleted, now)), 0U);
  redis()({"XADD", queue() + ":events", "5-0", "event", "completed"});
  await(keyspace.trim_events(queue(), now));
  EXPECT_EQ(redis()({"XLEN", queue() + ":events"}).integer, 0);
}

}  // namespace
}  // namespace shunt::executor
