// Every answer of every script of executor/lua, from a real server.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "integration/bullmq/redis_process.hpp"

namespace shunt::testing {
namespace {

using bullmq::testing::RedisProcess;
using bullmq::testing::Reply;
using ::testing::IsEmpty;
using Words = std::vector<std::string>;

const std::string kBase = "{t}::gen:";
const std::string kQueue = "{t}:echo";

// What an answer is, in one line: "[admitted]", "[busy 1 1]".
std::string show(const Reply& reply) {
  if (reply.type == Reply::Type::integer) return std::to_string(reply.integer);
  if (reply.type != Reply::Type::array) return reply.text;
  std::string line = "[";
  for (const Reply& element : reply.elements) {
    if (line.size() > 1) line += ' ';
    line += show(element);
  }
  return line + ']';
}

class GenerationScripts : public ::testing::Test {
 protected:
  GenerationScripts() { redis({"FLUSHALL"}); }

  static Reply redis(const Words& words) {
    static RedisProcess server;
    return server(words);
  }
  std::string run(const std::string& script, Words arguments) {
    std::ifstream in(std::string(SHUNT_LUA) + "/" + script + ".lua");
    std::ostringstream text;
    text << in.rdbuf();
    Words words{"EVAL", text.str(), "1", kBase};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return show(redis(words));
  }
  std::string admit(const std::string& id, const std::string& claim = "", const std::string& print = "",
                    const std::string& waiting = "9", const std::string& require_worker = "",
                    const std::string& slots = "1") {
    return run("admit", {"1000", "60000", "api-1", require_worker, id, kQueue, "echo", "head", claim, print,
                         waiting, slots, "30000"});
  }
  std::string begin(const std::string& id, const std::string& token = "", const std::string& head = "head") {
    return run("begin", {"worker-1", id, kQueue, head, "30000", token.empty() ? "900" : "900 " + token});
  }
  std::string append(const std::string& id, const std::string& attempt, int first, int count,
                     const std::string& events, const std::string& end = "") {
    return run("append", {"100", "60000", id, attempt, std::to_string(first), std::to_string(count), events,
                          end, "5000"});
  }
  std::string cancel(const std::string& id) { return run("cancel", {id, "why", "100", "60000"}); }
  static std::string record(const std::string& id, const std::string& field) {
    return redis({"HGET", kBase + "r:" + id, field}).text;
  }
  static void add_job(const std::string& id, const Words& fields = {"name", "echo"}) {
    Words words{"HSET", kQueue + ":" + id};
    words.insert(words.end(), fields.begin(), fields.end());
    redis(words);
  }
  static void listens(const std::string& process) { redis({"SET", kBase + "on:" + process, "1"}); }
};

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
  run("read", {"api-2", "g1"});
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
  EXPECT_EQ(run("withdraw", {"g1", ""}), "0");
  admit("g1", "key", "print");
  add_job("g1");
  EXPECT_EQ(run("withdraw", {"g1", "key"}), "0");
  redis({"DEL", kQueue + ":g1"});
  EXPECT_EQ(run("withdraw", {"g1", "key"}), "1");
  EXPECT_THAT(redis({"KEYS", "*"}).elements, IsEmpty());
  admit("g2");
  begin("g2");
  EXPECT_EQ(run("withdraw", {"g2", ""}), "0");
}

TEST_F(GenerationScripts, ReadTellsGoneFromUnknown) {
  EXPECT_EQ(run("read", {"", "g1"}), "[unknown]");
  admit("g1");
  EXPECT_THAT(run("read", {"", "g1"}), ::testing::HasSubstr("state queued"));
  redis({"DEL", kBase + "r:g1"});
  EXPECT_EQ(run("read", {"", "g1"}), "[gone]");
}

TEST_F(GenerationScripts, ProbeTellsOfTheJobAndOfWhoRunsIt) {
  EXPECT_EQ(run("probe", {"g1"}), "[[0 [] 0 ]]");
  admit("g1");
  EXPECT_EQ(run("probe", {"g1"}), "[[queued 1 [] 0 ]]");
  add_job("g1", {"processedOn", "5", "progress", "0"});
  EXPECT_EQ(run("probe", {"g1"}), "[[queued 1 [0  ] 0 ]]") << "put back: nobody is at it now";
  redis({"SET", kQueue + ":g1:lock", "its token"});
  EXPECT_EQ(run("probe", {"g1"}), "[[queued 1 [5 0  ] 0 ]]");
  begin("g1");
  EXPECT_EQ(run("probe", {"g1"}), "[[running 1 [5 0  ] 1 worker-1]]");
}

TEST_F(GenerationScripts, ListGoesFromTheNewestInStretches) {
  admit("g1");
  admit("g2");
  admit("g3");
  redis({"DEL", kBase + "r:g2"});
  EXPECT_EQ(run("list", {"", "2"}), "[[g3 queued head] [g2  ]]");
  EXPECT_EQ(run("list", {"g2", "2"}), "[[g1 queued head]]");
  EXPECT_EQ(run("list", {"g1", "2"}), "[]");
}

TEST_F(GenerationScripts, UnwatchTakesOneProcessOut) {
  admit("g1");
  run("read", {"api-2", "g1"});
  run("unwatch", {"api-1", "g1", "unknown"});
  EXPECT_EQ(record("g1", "watch"), "api-2");
  EXPECT_EQ(record("unknown", "watch"), "");
}

}  // namespace
}  // namespace shunt::testing
