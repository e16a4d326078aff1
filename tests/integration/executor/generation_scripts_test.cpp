// Every answer of every script of executor/lua but the registry's, from a real server.
#include <gmock/gmock.h>

#include "integration/executor/script_fixture.hpp"

namespace shunt::testing {
namespace {

using ::testing::IsEmpty;

TEST_F(GenerationScripts, AdmitWritesTheRecordAndCountsItAsOpen) {
  EXPECT_EQ(admit("g1"), "[[admitted]]");
  EXPECT_EQ(record("g1", "state"), "queued");
  EXPECT_EQ(record("g1", "seq"), "1");
  EXPECT_EQ(redis({"ZCARD", kBase + "o:" + kQueue}).integer, 1);
  EXPECT_GT(redis({"PTTL", kBase + "r:g1"}).integer, 0);
}

TEST_F(GenerationScripts, BeginAsksForTheHeadWhereThereIsNoRecord) {
  EXPECT_EQ(begin("g1", "", ""), "[[head]]");
  EXPECT_EQ(record("g1", "state"), "");
  EXPECT_EQ(begin("g1"), "[[run 1 1]]");
  EXPECT_EQ(record("g1", "head"), "head");
  EXPECT_EQ(begin("g1", "", ""), "[[run 2 1]]");
  EXPECT_EQ(record("g1", "head"), "head");
}

TEST_F(GenerationScripts, AdmitKnowsAClaim) {
  EXPECT_EQ(admit("g1", "key", "print"), "[[admitted]]");
  EXPECT_EQ(admit("g2", "key", "print"), "[[held g1 lost]]");
  add_job("g1");
  EXPECT_EQ(admit("g2", "key", "print"), "[[held g1 job]]");
  EXPECT_EQ(admit("g2", "key", "another"), "[[conflict g1]]");
  EXPECT_EQ(record("g2", "state"), "");
}

TEST_F(GenerationScripts, AdmitFreesTheClaimOfWhatNeverWasInItsQueue) {
  admit("g1", "key", "print");
  EXPECT_EQ(append("g1", "0", 2, 1, "[f]", "void"), "[ok]");
  EXPECT_EQ(record("g1", "state"), "failed");
  EXPECT_EQ(admit("g2", "key", "another"), "[[admitted]]");
  EXPECT_EQ(redis({"HGET", kBase + "k:key", "id"}).text, "g2");
}

// The job came between the look that found none and the end that follows from it.
TEST_F(GenerationScripts, AppendDoesNotGiveUpWhatHasComeIntoItsQueueAfterAll) {
  admit("g1", "key", "print");
  add_job("g1");
  EXPECT_EQ(append("g1", "0", 2, 1, "[f]", "void"), "[refused]");
  EXPECT_EQ(record("g1", "state"), "queued");
  EXPECT_EQ(begin("g1"), "[[run 1 1]]");
}

TEST_F(GenerationScripts, AdmitCountsSlotsOfLeasesOrTheModelsOwn) {
  EXPECT_EQ(admit("g1", "", "", "0"), "[[admitted]]");
  EXPECT_EQ(admit("g2", "", "", "0"), "[[busy 1 1]]");
  redis({"ZADD", kBase + "l:echo", "2000", "3:worker-1"});
  EXPECT_EQ(admit("g2", "", "", "0"), "[[admitted]]");
  redis({"ZADD", kBase + "l:echo", "1000", "3:worker-1"});  // expired
  EXPECT_EQ(admit("g3", "", "", "9", "1"), "[[no_worker]]");
}

TEST_F(GenerationScripts, BeginNumbersAttempts) {
  admit("g1");
  EXPECT_EQ(begin("g1"), "[[run 1 1]]");
  EXPECT_EQ(record("g1", "worker"), "worker-1");
  EXPECT_EQ(append("g1", "1", 2, 1, "[s]"), "[ok]");
  EXPECT_EQ(begin("g1"), "[[run 2 2]]");
  EXPECT_EQ(append("g1", "1", 3, 1, "[late]"), "[refused]");
}

TEST_F(GenerationScripts, BeginRunsOnceWhatMayNotRunTwice) {
  admit("g1", "", "", "9", "", "1", "1");
  EXPECT_EQ(begin("g1"), "[[run 1 1]]");
  // Its own answer may have been lost, too.
  EXPECT_EQ(begin("g1"), "[[lost 2 1]]");
  EXPECT_EQ(append("g1", "1", 2, 1, "[s]"), "[refused]") << "the worker that was lost wakes up";
  EXPECT_EQ(begin("g1"), "[[lost 3 1]]") << "nor did the one that was to end it";
  EXPECT_EQ(append("g1", "3", 2, 1, "[f]", "failed"), "[ok]");
  EXPECT_EQ(begin("g1"), "[[ended failed]]");
}

TEST_F(GenerationScripts, BeginSeesTheTracesOfAWorkerThatWritesNoRecord) {
  const std::vector<std::pair<Words, std::string>> table{
      {{"ats", "1", "stc", "1"}, "[[run 1 1]]"},  // lost between fetch and begin
      {{"atm", "0"}, "[[run 1 1]]"},
      {{"progress", "0"}, "[[lost 1 1]]"},
      {{"progress", "0.1"}, "[[lost 1 1]]"},
      {{"progress", "{}"}, "[[lost 1 1]]"},
      {{"atm", "1"}, "[[lost 1 1]]"},  // failed, and tried again, also by hand
  };
  for (const auto& [fields, answer] : table) {
    redis({"FLUSHALL"});
    admit("g1", "", "", "9", "", "1", "1");
    add_job("g1", fields);
    EXPECT_EQ(begin("g1"), answer) << fields[0] << ' ' << fields[1];
    redis({"FLUSHALL"});
    admit("g1");
    add_job("g1", fields);
    EXPECT_EQ(begin("g1"), "[[run 1 1]]") << "where it may run twice";
  }
  redis({"FLUSHALL"});
  admit("g1", "", "", "9", "", "1", "1");
  EXPECT_EQ(append("g1", "0", 2, 1, "[started]"), "[ok]");  // an API has seen a worker with it
  EXPECT_EQ(begin("g1"), "[[lost 1 2]]");
  redis({"FLUSHALL"});
  admit("g1", "", "", "9", "", "1", "1");
  redis({"SET", kQueue + ":g1", "no job"});
  EXPECT_EQ(begin("g1"), "[[lost 1 1]]");
}

TEST_F(GenerationScripts, BeginReadsAProducersChoiceInItsHead) {
  EXPECT_EQ(begin("g1", "", R"({"on_lost":"fail"})"), "[[run 1 1]]");
  EXPECT_EQ(begin("g1"), "[[lost 2 1]]");
  EXPECT_EQ(begin("g2", "", R"({"on_lost":"rerun"})"), "[[run 1 1]]");
  EXPECT_EQ(begin("g2"), "[[run 2 1]]");
}

TEST_F(GenerationScripts, BeginMakesTheRecordOfAProducerThatWroteOnlyTheJob) {
  EXPECT_EQ(begin("g1"), "[[run 1 1]]");
  EXPECT_EQ(record("g1", "head"), "head");
  EXPECT_EQ(redis({"ZSCORE", kBase + "o:" + kQueue, "g1"}).text, "900");
}

TEST_F(GenerationScripts, BeginWantsTheLock) {
  admit("g1");
  EXPECT_EQ(begin("g1", "mine"), "[[not_yours]]");
  redis({"SET", kQueue + ":g1:lock", "another's"});
  EXPECT_EQ(begin("g1", "mine"), "[[not_yours]]");
  EXPECT_EQ(record("g1", "attempt"), "0");
  redis({"SET", kQueue + ":g1:lock", "mine"});
  EXPECT_EQ(begin("g1", "mine"), "[[run 1 1]]");
}

TEST_F(GenerationScripts, BeginTellsOfACancelAndOfAnEnd) {
  admit("g1");
  EXPECT_EQ(cancel("g1"), "[waiting 1 0]");
  EXPECT_EQ(begin("g1"), "[[cancelled 1 1 why]]");
  EXPECT_EQ(append("g1", "1", 2, 1, "[c]", "cancelled"), "[cancel:why]");
  EXPECT_EQ(begin("g1"), "[[ended cancelled]]");
}

TEST_F(GenerationScripts, AppendTakesWhatContinuesTheLogAndTheSameAgain) {
  admit("g1");
  begin("g1");
  EXPECT_EQ(append("g1", "1", 2, 2, "[a,b]"), "[ok]");
  EXPECT_EQ(append("g1", "1", 2, 2, "[a,b]"), "[ok]");
  EXPECT_EQ(append("g1", "1", 2, 2, "[x,y]"), "[refused]");
  EXPECT_EQ(append("g1", "1", 5, 1, "[d]"), "[refused]");
  EXPECT_EQ(append("g1", "1", 4, 1, "[c]", "succeeded"), "[ok]");
  EXPECT_EQ(append("g1", "1", 4, 1, "[c]", "succeeded"), "[ok]");
  EXPECT_EQ(append("g1", "", 5, 1, "[more]"), "[refused]");
  EXPECT_EQ(append("unknown", "", 2, 1, "[a]"), "[refused]");
  EXPECT_EQ(redis({"ZCARD", kBase + "o:" + kQueue}).integer, 0);
}

TEST_F(GenerationScripts, AppendTellsThoseWhoListenAndForgetsThoseWhoDoNot) {
  admit("g1");
  begin("g1");
  read("api-2", "g1");
  EXPECT_EQ(record("g1", "watch"), "api-1 api-2");
  listens("api-2");
  EXPECT_EQ(append("g1", "1", 2, 1, "[s]"), "[ok]");
  EXPECT_EQ(record("g1", "watch"), "api-2");
  EXPECT_EQ(redis({"XLEN", kBase + "in:api-1"}).integer, 0);
  const Reply inbox = redis({"XRANGE", kBase + "in:api-2", "-", "+"});
  ASSERT_EQ(inbox.elements.size(), 1U);
  EXPECT_EQ(show(inbox.elements[0].elements[1]), "[g1 [s]]");
  EXPECT_GT(redis({"PTTL", kBase + "in:api-2"}).integer, 0);
}

TEST_F(GenerationScripts, AppendTellsInPiecesThatLuaCanHold) {
  listens("api-1");
  Words arguments{"100000", "60000"};
  for (int i = 0; i < 5000; ++i) {
    const std::string id = "g" + std::to_string(i);
    redis({"HSET", kBase + "r:" + id, "state", "running", "seq", "1", "attempt", "1", "queue", kQueue,
           "watch", "api-1"});
    for (const char* word : {"", "1", "2", "1", "[s]", "", "5000"}) arguments.emplace_back(word);
    arguments[arguments.size() - 7] = id;
  }
  EXPECT_THAT(run("append", arguments), ::testing::StartsWith("[ok ok"));
  EXPECT_EQ(redis({"XLEN", kBase + "in:api-1"}).integer, 10);
}

TEST_F(GenerationScripts, AnAttemptThatIsTriedAgainLeavesTheGenerationToNobody) {
  admit("g1");
  begin("g1");
  EXPECT_EQ(append("g1", "1", 2, 1, "[log]", "retry"), "[ok]");
  EXPECT_EQ(record("g1", "worker"), "");
  EXPECT_EQ(record("g1", "state"), "running");
  EXPECT_EQ(cancel("g1"), "[waiting 2 1]");
  EXPECT_EQ(append("g1", "0", 3, 1, "[c]", "cancelled"), "[refused]");
  EXPECT_EQ(append("g1", "1", 3, 1, "[c]", "cancelled"), "[cancel:why]");
}

TEST_F(GenerationScripts, CancelEndsWhatItsWorkerGaveBackAndFencesThatWorker) {
  admit("g1");
  begin("g1");
  EXPECT_EQ(cancel("g1"), "[waiting 1 1]");
  EXPECT_EQ(append("g1", "1", 2, 1, "[c]", "cancelled"), "[cancel:why]");
  EXPECT_EQ(append("g1", "1", 3, 1, "[late]"), "[refused]");
}

TEST_F(GenerationScripts, CancelTellsTheWorkerThatRunsIt) {
  EXPECT_EQ(cancel("g1"), "[unknown]");
  admit("g1");
  begin("g1");
  redis({"SET", kQueue + ":g1:lock", "token"});
  EXPECT_EQ(cancel("g1"), "[running worker-1]");
  const Reply inbox = redis({"XRANGE", kBase + "in:worker-1", "-", "+"});
  EXPECT_EQ(show(inbox.elements.at(0).elements[1]), "[g1 cancel:why]");
  append("g1", "1", 2, 1, "[c]", "cancelled");
  EXPECT_EQ(cancel("g1"), "[ended]");
}

TEST_F(GenerationScripts, WithdrawTakesBackOnlyWhatNobodyHas) {
  EXPECT_EQ(run("undo_admission", {"g1", ""}), "0");
  admit("g1", "key", "print");
  add_job("g1");
  EXPECT_EQ(run("undo_admission", {"g1", "key"}), "0");
  redis({"DEL", kQueue + ":g1"});
  EXPECT_EQ(run("undo_admission", {"g1", "key"}), "1");
  // Nothing but the names of the caller and of the queue.
  redis({"DEL", kBase + "callers", kBase + "queues"});
  EXPECT_THAT(redis({"KEYS", "*"}).elements, IsEmpty());
  admit("g2");
  begin("g2");
  EXPECT_EQ(run("undo_admission", {"g2", ""}), "0");
}

TEST_F(GenerationScripts, ReadTellsGoneFromUnknown) {
  EXPECT_EQ(read("", "g1"), "[unknown]");
  admit("g1");
  EXPECT_THAT(read("", "g1"), ::testing::HasSubstr("state queued"));
  redis({"DEL", kBase + "r:g1"});
  EXPECT_EQ(read("", "g1"), "[gone]");
}

TEST_F(GenerationScripts, ProbeTellsOfTheJobAndOfWhoRunsIt) {
  EXPECT_EQ(run("look_at_jobs", {"g1"}), "[[0 [] 0 ]]");
  admit("g1");
  EXPECT_EQ(run("look_at_jobs", {"g1"}), "[[queued 1 [] 0 ]]");
  add_job("g1", {"processedOn", "5", "progress", "0"});
  EXPECT_EQ(run("look_at_jobs", {"g1"}), "[[queued 1 [0  ] 0 ]]") << "put back: nobody is at it now";
  redis({"SET", kQueue + ":g1:lock", "its token"});
  EXPECT_EQ(run("look_at_jobs", {"g1"}), "[[queued 1 [5 0  ] 0 ]]");
  begin("g1");
  EXPECT_EQ(run("look_at_jobs", {"g1"}), "[[running 1 [5 0  ] 1 worker-1]]");
}

TEST_F(GenerationScripts, ListGoesFromTheNewestInStretches) {
  admit("g1");
  admit("g2");
  admit("g3");
  redis({"DEL", kBase + "r:g2"});
  EXPECT_EQ(list(""), "[g2  [g3]]");
  EXPECT_EQ(list("g2"), "[[g1]]");
  EXPECT_EQ(list("g1"), "[[]]");
  EXPECT_EQ(list("", "ann"), "[g2  [g3]]");
  EXPECT_EQ(redis({"ZCARD", kBase + "of:ann"}).integer, 2) << "what is gone has left the caller's index";
  EXPECT_EQ(list("", "bob"), "[[]]");
  EXPECT_EQ(list("", "", "running"), "[g2  []]");
  EXPECT_EQ(list("", "", "queued", "other"), "[g2  []]");
}

TEST_F(GenerationScripts, WhatTheVersionBeforeHasMadeIsAdoptedBeforeItIsListed) {
  admit("g1");
  for (int i = 0; i < 300; ++i) {
    const std::string id = "h" + std::to_string(1000 + i);
    redis({"HSET", kBase + "r:" + id, "state", "queued", "head", R"({"model":"echo","caller":"bob"})"});
    redis({"ZADD", kBase + "index", "0", id});
  }
  EXPECT_EQ(list("", "bob"), "[adopt []]");
  EXPECT_EQ(run("adopt", {"100"}), "[100 more]");
  EXPECT_EQ(run("adopt", {"1000"}), "[200 ]");
  EXPECT_EQ(run("adopt", {"1000"}), "[0 ]");
  EXPECT_EQ(list("", "bob"), "[h1298  [h1299 h1298]]");
  EXPECT_EQ(record("h1000", "caller"), "bob");
  // Withdrawn by the version before, and another one made: as many as before.
  redis({"ZREM", kBase + "index", "h1100"});
  redis({"ZADD", kBase + "index", "0", "i1"});
  EXPECT_EQ(list("", "bob"), "[adopt []]");
  EXPECT_EQ(run("adopt", {"1000"}), "[1 ]");
}

TEST_F(GenerationScripts, ACallersOpenGenerationsAreCountedUntilTheyEnd) {
  EXPECT_EQ(admit_of("ann", "g1", "", "1", "9"), "[[admitted]]");
  EXPECT_EQ(admit_of("ann", "g2", "", "1", "9"), "[[too_many_open 1]]");
  EXPECT_EQ(admit_of("bob", "g2", "", "1", "9"), "[[admitted]]");
  append("g1", "0", 2, 1, "[c]", "cancelled");
  EXPECT_EQ(admit_of("ann", "g3", "", "1", "9"), "[[admitted]]");
  // As the version before ends it: nothing but the state.
  redis({"HSET", kBase + "r:g3", "state", "succeeded"});
  EXPECT_EQ(admit_of("ann", "g4", "", "1", "9"), "[[admitted]]");
}

TEST_F(GenerationScripts, ALiveClaimMakesNoRoomAndAnOlderOneOnlyForItsCaller) {
  EXPECT_EQ(admit_of("ann", "g1", "k1", "0", "1"), "[[admitted]]");
  EXPECT_EQ(admit_of("ann", "g2", "k2", "0", "1"), "[[claims_full]]");
  EXPECT_EQ(admit_of("bob", "g2", "k2", "0", "1"), "[[admitted]]");
  append("g1", "0", 2, 1, "[c]", "succeeded");
  redis({"ZADD", kBase + "kc:ann", "2000", "k1"});  // when it ended
  EXPECT_EQ(admit_of("ann", "g3", "k3", "0", "1", "2599"), "[[claims_full]]");
  EXPECT_EQ(admit_of("ann", "g3", "k1", "0", "1", "2599"), "[[held g1 job]]");
  EXPECT_EQ(admit_of("ann", "g3", "k3", "0", "1", "2600"), "[[admitted]]");
  EXPECT_EQ(redis({"EXISTS", kBase + "k:k1"}).integer, 0);
  EXPECT_EQ(redis({"EXISTS", kBase + "k:k2"}).integer, 1);
}

TEST_F(GenerationScripts, WhatWasDeletedIsNotBegunAgainAndEveryApiHears) {
  admit("g1");
  append("g1", "0", 2, 1, "[c]", "cancelled");
  EXPECT_EQ(forget("g1", ""), "[ended {t}:echo]");
  add_job("g1");
  EXPECT_EQ(forget("g1", "1"), "[job {t}:echo]");
  EXPECT_EQ(record("g1", "state"), "cancelled");
  redis({"DEL", kQueue + ":g1"});
  redis({"ZADD", kBase + "apis", "99999999999999", "api-1", "1", "api-gone"});
  EXPECT_EQ(forget("g1", "1"), "[ended {t}:echo]");
  EXPECT_EQ(show(redis({"XRANGE", kBase + "in:api-1", "-", "+"}).elements.at(0).elements[1]),
            "[g1 forgotten]");
  EXPECT_EQ(redis({"EXISTS", kBase + "in:api-gone"}).integer, 0);
  EXPECT_EQ(forget("g1", "1"), "[gone]");
  EXPECT_EQ(begin("g1"), "[[ended gone]]");
  EXPECT_EQ(begin("g1", "", ""), "[[ended gone]]");
}

TEST_F(GenerationScripts, ABrokenRecordIsDiscardedOnceItsJobIsGone) {
  const auto discard = [this](const std::string& caller, const std::string& how) {
    return run("discard", {"g1", caller.empty() ? "" : "1", caller, how, "100", "60000"});
  };
  EXPECT_EQ(discard("", "1"), "[unknown]");
  admit("g1");
  redis({"HDEL", kBase + "r:g1", "state"});
  redis({"ZADD", kBase + "apis", "99999999999999", "api-1"});
  EXPECT_EQ(discard("bob", "1"), "[unknown]");
  add_job("g1");
  redis({"SET", kQueue + ":g1:lock", "token"});
  EXPECT_EQ(discard("ann", "1"), "[held]");
  redis({"DEL", kQueue + ":g1:lock"});
  EXPECT_EQ(discard("ann", "1"), "[job {t}:echo]");
  redis({"DEL", kQueue + ":g1"});
  EXPECT_EQ(discard("ann", ""), "[ended {t}:echo]");
  EXPECT_EQ(redis({"EXISTS", kBase + "r:g1"}).integer, 1);
  EXPECT_EQ(discard("ann", "1"), "[ended {t}:echo]");
  EXPECT_EQ(redis({"EXISTS", kBase + "r:g1"}).integer, 0);
  EXPECT_EQ(show(redis({"XRANGE", kBase + "in:api-1", "-", "+"}).elements.at(0).elements[1]),
            "[g1 forgotten]");
  EXPECT_EQ(begin("g1"), "[[ended gone]]");
  EXPECT_EQ(run("was_of", {"g1", "ann"}), "1");
  EXPECT_EQ(run("was_of", {"g1", "bob"}), "0");
}

TEST_F(GenerationScripts, TheProbeAndTheFleetTellTheSameOfAModel) {
  admit("g1");
  admit("g2");
  redis({"LPUSH", kQueue + ":paused", "g2"});
  redis({"LPUSH", kQueue + ":active", "g1"});
  begin("g1");
  redis({"ZADD", kBase + "l:echo", "99", "4 worker-1", "99", "999999999 worker-2", "10", "8 over"});
  redis({"ZADD", kBase + "workers", "99", "worker-1"});
  redis({"SET", kBase + "worker:worker-1", "{}"});
  EXPECT_EQ(run("health_probe", {"api-1", "1000", "10", "echo", kQueue}), "[[2 1000 2 100004 1 g2]]");
  EXPECT_EQ(redis({"GET", kBase + "probe"}).text, "api-1");
  EXPECT_EQ(run("fleet", {"10", "100", "100", "echo", kQueue}),
            "[[[2 1000 1 2 100004 g2]] [[worker-1 {} 1]]]");
  EXPECT_EQ(run("fleet", {"10", "0", "100", "echo", kQueue}),
            "[[[2 1000 1 2 100004 g2]] [[worker-1 {} -1]]]");
}

// In one call with others, whose answers are as ever.
TEST_F(GenerationScripts, ABrokenRecordHarmsItselfAlone) {
  admit("good");
  redis({"SET", kBase + "r:string", "x"});
  redis({"HSET", kBase + "r:stateless", "seq", "1"});
  redis(
      {"HSET", kBase + "r:numberless", "state", "running", "seq", "abc", "attempt", "1e9", "queue", kQueue});
  for (const std::string id : {"string", "stateless", "numberless"}) {
    EXPECT_EQ(
        run("begin", {"worker-1", id, kQueue, "head", "30000", "900", "good", kQueue, "head", "30000", "900"})
            .substr(0, 14),
        "[[broken] [run");
    EXPECT_THAT(run("look_at_jobs", {id, "good"}), ::testing::HasSubstr("[running 1 [] "));
    EXPECT_THAT(run("summary", {"9999", "9999", id, "good"}), ::testing::HasSubstr("state running"));
    EXPECT_EQ(append(id, "", 2, 1, "[]"), "[refused]");
    EXPECT_EQ(cancel(id), "[broken]");
    EXPECT_EQ(run("undo_admission", {id, ""}), "0");
    run("unwatch", {"api-1", id, "good"});
    run("keep_request", {id});
    run("request", {id});
    read("api-1", id);
    forget(id, "1");
  }
}

TEST_F(GenerationScripts, KeysOfAnotherTypeHarmTheirOwnModelOrCallerAlone) {
  redis({"SET", kBase + "k:key", "x"});
  EXPECT_EQ(admit("g1", "key", "print"), "[[broken]]");
  redis({"SET", kBase + "o:" + kQueue, "x"});
  EXPECT_EQ(admit("g2"), "[[broken]]");
  redis({"DEL", kBase + "o:" + kQueue});
  for (const char* key : {"l:echo", "index", "all", "of:ann", "callers", "queues"})
    redis({"SET", kBase + key, "x"});
  EXPECT_EQ(admit("g3"), "[[admitted]]");
  EXPECT_EQ(begin("g3"), "[[run 1 1]]");
  EXPECT_THAT(run("health_probe", {"api-1", "1000", "1", "echo", kQueue}),
              ::testing::StartsWith("[[1 1000 0 0"));
}

TEST_F(GenerationScripts, StraysAreJobsOfWhatHasEndedAndNobodyHolds) {
  admit("ended");
  append("ended", "0", 2, 1, "[c]", "cancelled");
  admit("open");
  redis({"ZADD", kBase + "index", "0", "gone"});
  redis({"LPUSH", kQueue + ":wait", "ended", "open", "gone", "of a producer"});
  EXPECT_EQ(run("strays", {kQueue, "10", "0"}), "[[gone ended]]");
  redis({"SET", kQueue + ":ended:lock", "x"});
  EXPECT_EQ(run("strays", {kQueue, "4", "0"}), "[more [gone]]");
}

TEST_F(GenerationScripts, ReportReadingListsApiProcessesAndForgetsDeadOnes) {
  redis({"ZADD", kBase + "apis", "50", "api-dead"});
  EXPECT_EQ(run("report_reading", {"worker-1", "9000", "", "40"}), "1");
  EXPECT_EQ(run("report_reading", {"api-1", "9000", "99", "60"}), "1");
  EXPECT_EQ(show(redis({"ZRANGE", kBase + "apis", "0", "-1", "WITHSCORES"})), "[api-1 99]");
  EXPECT_GT(redis({"PTTL", kBase + "on:worker-1"}).integer, 0);
  EXPECT_GT(redis({"PTTL", kBase + "on:api-1"}).integer, 0);
  redis({"SET", kBase + "apis", "x"});
  EXPECT_EQ(run("report_reading", {"api-1", "9000", "99", "60"}), "1");
}

TEST_F(GenerationScripts, UnwatchTakesOneProcessOut) {
  admit("g1");
  read("api-2", "g1");
  run("unwatch", {"api-1", "g1", "unknown"});
  EXPECT_EQ(record("g1", "watch"), "api-2");
  EXPECT_EQ(record("unknown", "watch"), "");
}

}  // namespace
}  // namespace shunt::testing
