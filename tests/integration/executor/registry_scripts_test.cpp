// The scripts of the registry of sync generations, from a real server.
#include <gmock/gmock.h>

#include <map>
#include <utility>

#include "integration/executor/script_fixture.hpp"

namespace shunt::testing {
namespace {

struct Told {
  std::string head = "head";
  std::string claim{};
  std::string must{};
  std::string request{};
  std::string state{};
  std::string events{};
  std::string print = "print";
  std::string owner = "api-1";
  std::string now = "1000";
};

class RegistryScripts : public GenerationScripts {
 protected:
  std::string tell(const std::string& id, const Told& told = {}) {
    Words words{told.now, "60000", "600", "2", told.owner, "6000", id, "30000"};
    const bool ended = !told.state.empty();
    const std::string end = !ended ? "" : told.events.empty() ? "l" : "s";
    words.push_back(std::string(told.head.empty() ? "" : "e") + (told.claim.empty() ? "" : "c") +
                    (told.request.empty() ? "" : "k") + end);
    if (!told.head.empty()) words.insert(words.end(), {kQueue, "echo", "ann", "900", told.head});
    if (!told.claim.empty()) words.insert(words.end(), {told.claim, told.print, told.must});
    if (!told.request.empty()) words.push_back(told.request);
    if (ended) words.insert(words.end(), {told.state, "3", told.events.empty() ? "[last]" : told.events});
    return run("register", words);
  }
  static long long open_of(const std::string& owner) {
    return redis({"ZCARD", kBase + "so:" + owner}).integer;
  }
  static std::string lease_of(const std::string& owner) {
    return redis({"ZSCORE", kBase + "owners", owner}).text;
  }
};

TEST_F(RegistryScripts, RegisterEntersAndEnds) {
  EXPECT_EQ(tell("g1"), "[entered]");
  EXPECT_EQ(record("g1", "state"), "running");
  EXPECT_EQ(record("g1", "attempt"), "01");
  EXPECT_EQ(record("g1", "owner"), "api-1");
  EXPECT_EQ(open_of("api-1"), 1);
  EXPECT_NE(lease_of("api-1"), "");
  EXPECT_EQ(redis({"ZCARD", kBase + "o:" + kQueue}).integer, 0);
  EXPECT_EQ(list("", "ann"), "[[g1]]");
  EXPECT_EQ(tell("g1", {.head = "", .state = "succeeded", .events = "[e]"}), "[entered]");
  EXPECT_EQ(record("g1", "state"), "succeeded");
  EXPECT_EQ(record("g1", "e2"), "[e]");
  EXPECT_EQ(record("g1", "seq"), "3");
  EXPECT_EQ(open_of("api-1"), 0);
  EXPECT_EQ(tell("g1", {.head = "", .state = "failed"}), "[[ended succeeded]]");
  EXPECT_EQ(record("g1", "held"), "");
}

TEST_F(RegistryScripts, RegisterTakesBothAtOnceAndKeepsAnEndWithoutItsLog) {
  EXPECT_EQ(tell("g1", {.state = "succeeded"}), "[entered]");
  EXPECT_EQ(record("g1", "state"), "succeeded");
  EXPECT_EQ(record("g1", "held"), "1");
  EXPECT_EQ(record("g1", "end"), "[last]");
  EXPECT_EQ(record("g1", "seq"), "1");
  EXPECT_EQ(open_of("api-1"), 0);
}

TEST_F(RegistryScripts, OneThatHasEndedByThenIsAsOneThatWasToldTwice) {
  const auto all_of = [](const std::string& id) { return redis({"HGETALL", kBase + "r:" + id}).elements; };
  const auto members = [&](const std::string& id) {
    std::map<std::string, std::string> found;
    const auto elements = all_of(id);
    for (std::size_t i = 0; i + 1 < elements.size(); i += 2) found[elements[i].text] = elements[i + 1].text;
    return found;
  };
  for (const std::string events : {"[e]", ""}) {
    redis({"FLUSHALL"});
    EXPECT_EQ(tell("g1", {.claim = "a", .state = "succeeded", .events = events}), "[entered]");
    tell("g2", {.claim = "b"});
    EXPECT_EQ(tell("g2", {.head = "", .state = "succeeded", .events = events}), "[entered]");
    auto at_once = members("g1");
    EXPECT_EQ(std::exchange(at_once["claim"], "b"), "a");
    EXPECT_EQ(at_once, members("g2"));
    EXPECT_GT(redis({"PTTL", kBase + "r:g1"}).integer, 0);
    EXPECT_EQ(redis({"ZSCORE", kBase + "kc:ann", "a"}).text, redis({"ZSCORE", kBase + "kc:ann", "b"}).text);
    EXPECT_EQ(open_of("api-1"), 0);
    EXPECT_THAT(redis({"ZRANGE", kBase + "of:ann", "0", "-1"}).elements.size(), 2U);
    // The same call again: its answer was lost.
    EXPECT_EQ(tell("g1", {.claim = "a", .state = "succeeded", .events = events}), "[[ended succeeded]]");
  }
}

TEST_F(RegistryScripts, GenerationsOfACallMayHaveDifferentParts) {
  EXPECT_EQ(
      run("register",
          {"1000", "60000",  "600",   "2",     "api-1", "6000",   "g1",        "30000", "e",    kQueue,
           "echo", "ann",    "900",   "head",  "g2",    "30000",  "eck",       kQueue,  "echo", "",
           "900",  "head",   "key",   "print", "1",     "text",   "g1",        "5000",  "l",    "failed",
           "2",    "[last]", "g3",    "5000",  "s",     "failed", "2",         "[e]",   "g4",   "5000",
           "es",   kQueue,   "other", "ann",   "900",   "head",   "succeeded", "3",     "[e]"}),
      "[entered entered entered [unknown] entered]");
  EXPECT_EQ(record("g1", "end"), "[last]");
  EXPECT_EQ(record("g2", "request"), "text");
  EXPECT_EQ(record("g2", "log"), "1");
  EXPECT_EQ(record("g4", "model"), "other");
  EXPECT_EQ(show(redis({"ZRANGE", kBase + "so:api-1", "0", "-1"})), "[g2]");
}

TEST_F(RegistryScripts, RegisterSaysWhatIsNotThereAndLeavesWhatIsAnothersAlone) {
  EXPECT_EQ(tell("g1", {.head = "", .state = "succeeded"}), "[[unknown]]");
  EXPECT_EQ(redis({"EXISTS", kBase + "r:g1"}).integer, 0);
  tell("g1");
  EXPECT_EQ(tell("g1", {.state = "failed", .owner = "api-2"}), "[[broken]]");
  admit("g2");
  EXPECT_EQ(tell("g2", {.state = "failed"}), "[[broken]]");
  redis({"SET", kBase + "r:g3", "x"});
  EXPECT_EQ(tell("g3"), "[[broken]]");
  EXPECT_EQ(record("g1", "state"), "running");
  EXPECT_EQ(record("g2", "state"), "queued");
}

TEST_F(RegistryScripts, AClaimIsOneForBothWays) {
  EXPECT_EQ(tell("g1", {.claim = "key", .must = "1"}), "[entered]");
  EXPECT_EQ(admit("g2", "key", "print"), "[[held g1 job]]");
  EXPECT_EQ(admit("g2", "key", "another"), "[[conflict g1]]");
  EXPECT_EQ(tell("g2", {.claim = "key", .must = "1"}), "[[held g1 job]]");
  EXPECT_EQ(tell("g1", {.claim = "key", .must = "1"}), "[entered]");
  EXPECT_EQ(admit("g3", "other", "print"), "[[admitted]]");
  EXPECT_EQ(tell("g4", {.claim = "other", .must = "1"}), "[[held g3 lost]]");
  EXPECT_EQ(tell("g4", {.claim = "other", .must = "1", .print = "another"}), "[[conflict g3]]");
  EXPECT_EQ(redis({"EXISTS", kBase + "r:g4"}).integer, 0);
}

TEST_F(RegistryScripts, AClaimThatNeedNotBeWonIsWrittenIfNotThere) {
  EXPECT_EQ(tell("g1", {.claim = "key"}), "[entered]");
  EXPECT_EQ(redis({"HGET", kBase + "k:key", "id"}).text, "g1");
  EXPECT_EQ(tell("g2", {.claim = "key"}), "[[double g1]]");
  EXPECT_EQ(tell("g3", {.claim = "key", .print = "another"}), "[[double g1]]");
  EXPECT_EQ(record("g2", "state"), "running");
  EXPECT_EQ(redis({"HGET", kBase + "k:key", "id"}).text, "g1");
}

TEST_F(RegistryScripts, ClaimsOfACallerHaveABound) {
  tell("g1", {.claim = "a", .must = "1"});
  tell("g2", {.claim = "b", .must = "1"});
  EXPECT_EQ(tell("g3", {.claim = "c", .must = "1"}), "[[claims_full]]");
  tell("g1", {.head = "", .state = "succeeded", .events = "[e]"});
  EXPECT_EQ(tell("g3", {.claim = "c", .must = "1", .now = "2000"}), "[entered]");
  EXPECT_EQ(redis({"EXISTS", kBase + "k:a"}).integer, 0);
}

TEST_F(RegistryScripts, UnregisterTakesBackWhatIsOpenAndItsOwn) {
  tell("g1", {.claim = "key", .must = "1"});
  EXPECT_EQ(run("unregister", {"api-2", "g1", "key"}), "0");
  EXPECT_EQ(run("unregister", {"api-1", "g1", "key"}), "1");
  EXPECT_EQ(redis({"KEYS", "*r:g1"}).elements.size(), 0U);
  EXPECT_EQ(redis({"EXISTS", kBase + "k:key"}).integer, 0);
  EXPECT_EQ(redis({"ZCARD", kBase + "index"}).integer, 0);
  EXPECT_EQ(open_of("api-1"), 0);
  tell("g2", {.state = "succeeded"});
  EXPECT_EQ(run("unregister", {"api-1", "g2", ""}), "0");
}

TEST_F(RegistryScripts, ACancelIsToldToTheOwner) {
  tell("g1");
  EXPECT_EQ(cancel("g1"), "[running api-1]");
  EXPECT_EQ(redis({"XLEN", kBase + "in:api-1"}).integer, 1);
  EXPECT_EQ(record("g1", "cancel"), "why");
}

TEST_F(RegistryScripts, OnlyTheOwnersAttemptIsTaken) {
  tell("g1");
  EXPECT_EQ(append("g1", "1", 2, 1, "[lost]", "failed"), "[refused]");
  EXPECT_EQ(append("g1", "01", 2, 1, "[s]"), "[ok]");
  EXPECT_EQ(append("g1", "01", 3, 1, "[end]", "succeeded"), "[ok]");
  EXPECT_EQ(tell("g1", {.head = "", .state = "succeeded", .events = "[e]"}), "[[ended succeeded]]");
  EXPECT_EQ(open_of("api-1"), 0);
}

TEST_F(RegistryScripts, AnOwnerIsAskedWhileItHasALease) {
  EXPECT_EQ(run("ask_owner", {"api-1", "g1", "ask:log:api-2", "100", "60000"}), "[gone]");
  EXPECT_EQ(run("owners", {"api-1", "60000", "9"}), "[]");
  EXPECT_EQ(run("ask_owner", {"api-1", "g1", "ask:log:api-2", "100", "60000"}), "[asked]");
  EXPECT_EQ(redis({"XLEN", kBase + "in:api-1"}).integer, 1);
  redis({"ZADD", kBase + "owners", "1", "api-1"});
  EXPECT_EQ(run("ask_owner", {"api-1", "g1", "ask:log:api-2", "100", "60000"}), "[gone]");
  EXPECT_EQ(run("owners", {"", "60000", "9"}), "[api-1]");
}

TEST_F(RegistryScripts, AnAnswerGoesIntoTheRecordAndToTheAsker) {
  const auto answer = [this](const std::string& id, const std::string& owner, const std::string& request,
                             const std::string& events) {
    return run("answer_asker",
               {owner, id, "api-2", "owner:log:done", request, "1", "7", events, "100", "60000"});
  };
  tell("g1", {.state = "succeeded"});
  EXPECT_EQ(answer("g1", "api-1", "envelope", "[log]"), "1");
  EXPECT_EQ(redis({"EXISTS", kBase + "in:api-2"}).integer, 0);
  EXPECT_EQ(record("g1", "e2"), "[log]");
  EXPECT_EQ(record("g1", "seq"), "7");
  EXPECT_EQ(record("g1", "held"), "");
  EXPECT_EQ(record("g1", "request"), "envelope");
  listens("api-2");
  // Nothing that is there is written over.
  EXPECT_EQ(answer("g1", "api-1", "", "[other]"), "1");
  EXPECT_EQ(record("g1", "e2"), "[log]");
  EXPECT_EQ(answer("g1", "api-3", "stolen", ""), "0");
  EXPECT_EQ(record("g1", "request"), "envelope");
  EXPECT_EQ(answer("g9", "api-1", "x", "[x]"), "0");
  EXPECT_EQ(redis({"EXISTS", kBase + "r:g9"}).integer, 0);
  EXPECT_EQ(redis({"XLEN", kBase + "in:api-2"}).integer, 3);
}

TEST_F(RegistryScripts, AnOwnerWithoutAnythingOpenIsForgotten) {
  tell("g1");
  tell("g2");
  EXPECT_EQ(run("dismiss_owner", {"api-1", "", "g1"}), "0");
  EXPECT_NE(lease_of("api-1"), "0");
  EXPECT_EQ(run("dismiss_owner", {"api-1", "1"}), "0");
  EXPECT_EQ(lease_of("api-1"), "0");
  EXPECT_EQ(run("dismiss_owner", {"api-1", "", "g2"}), "1");
  EXPECT_EQ(lease_of("api-1"), "");
}

}  // namespace
}  // namespace shunt::testing
