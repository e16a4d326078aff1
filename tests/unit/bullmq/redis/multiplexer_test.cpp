#include "redis/multiplexer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "bullmq/error.hpp"

namespace bullmq::detail {
namespace {

using namespace std::chrono_literals;
using Instant = Multiplexer::Instant;

constexpr Script kScript{"aScript", 0, 0, "0123456789012345678901234567890123456789", "return 1"};

// What became of the commands, by their names: "a: 7", "a: RedisError OOM", "a: unknown lost", ...
using Outcomes = std::vector<std::string>;

class NamedPending final : public Pending {
 public:
  NamedPending(std::string name, Outcomes& outcomes) : name_(std::move(name)), outcomes_(outcomes) {}
  void complete(std::exception_ptr failure, Reply reply) override {
    outcomes_.push_back(name_ + ": " + told(failure, reply));
  }

 private:
  static std::string fate(Fate fate) { return fate == Fate::unknown ? "unknown" : "not executed"; }
  static std::string told(const std::exception_ptr& failure, const Reply& reply) {
    if (!failure) return reply.is_integer() ? std::to_string(reply.integer) : reply.text;
    try {
      std::rethrow_exception(failure);
    } catch (const CommandTimeoutError& error) {
      return "late, " + fate(error.fate());
    } catch (const ConnectionError& error) {
      return fate(error.fate());
    } catch (const CancelledError& error) {
      return "cancelled, " + fate(error.fate());
    } catch (const RedisError& error) {
      return error.what();
    }
  }
  std::string name_;
  Outcomes& outcomes_;
};

Reply integer(std::int64_t value) {
  Reply reply;
  reply.type = Reply::Type::integer;
  reply.integer = value;
  return reply;
}
Reply error(const std::string& text) {
  Reply reply;
  reply.type = Reply::Type::error;
  reply.text = text;
  return reply;
}

class MultiplexerTest : public ::testing::Test {
 protected:
  explicit MultiplexerTest(Multiplexer::Node node = Multiplexer::Node::alone) : mux(options, node) {}

  Pending& add(const std::string& name, Command command, Multiplexer::Refusal refusal = {}) {
    auto pending = std::make_unique<NamedPending>(name, outcomes);
    Pending& raw = *pending;
    raw.replies_left = command.replies;
    raw.command = std::move(command);
    complete(mux.submit(std::move(pending), refusal, now));
    return raw;
  }
  Pending& write(const std::string& name) { return add(name, make_command("SET", name, 1)); }
  Pending& read(const std::string& name) { return add(name, make_query("GET", name)); }
  Pending& call(const std::string& name) { return add(name, ScriptCall(kScript, 1).add(name).take()); }

  // The names of what goes out in the next write; a script's call with its text has a '+'.
  std::string sent() {
    std::string bytes;
    mux.fill_batch(bytes, now);
    std::string names;
    for (const char name : std::string("abcdefgh")) {
      if (bytes.find("$1\r\n" + std::string(1, name) + "\r\n") == std::string::npos) continue;
      names += name;
    }
    if (bytes.find("$4\r\nEVAL\r\n") != std::string::npos) names += '+';
    return names;
  }
  AnswerMeaning answer(Reply reply) {
    AnswerMeaning meaning = mux.on_answer(std::move(reply), "asked.example");
    if (auto* answered = std::get_if<Answered>(&meaning)) complete(std::move(answered->completion));
    return meaning;
  }
  void complete(Completion done) { done.pending->complete(std::move(done.failure), std::move(done.reply)); }
  void complete(std::optional<Completion> done) {
    if (done) complete(std::move(*done));
  }
  void complete(std::vector<Completion> all) {
    for (Completion& done : all) complete(std::move(done));
  }
  Outcomes take_outcomes() { return std::exchange(outcomes, {}); }

  ConnectionOptions options;
  Instant now{1h};
  Outcomes outcomes;
  Multiplexer mux;
};

class ClusterMultiplexerTest : public MultiplexerTest {
 protected:
  ClusterMultiplexerTest() : MultiplexerTest(Multiplexer::Node::of_cluster) {}
};

TEST_F(MultiplexerTest, SendsAndAnswersInTheOrderOfTheCalls) {
  write("a");
  read("b");
  EXPECT_EQ(sent(), "ab");
  write("c");
  answer(integer(1));
  EXPECT_EQ(sent(), "c");
  answer(integer(2));
  answer(integer(3));
  EXPECT_EQ(outcomes, (Outcomes{"a: 1", "b: 2", "c: 3"}));
  EXPECT_TRUE(mux.is_idle());
}

TEST_F(MultiplexerTest, AWriteIsBounded) {
  for (int i = 0; i < 10; ++i) add("a", make_command("SET", "a", std::string(100'000, 'x')));
  std::string bytes;
  mux.fill_batch(bytes, now);
  EXPECT_LT(bytes.size(), 400'000U);
  EXPECT_TRUE(mux.has_unsent() && mux.has_sent());
}

TEST_F(MultiplexerTest, TakesNoMoreThanItsBound) {
  options.max_unsent_bytes = 100;
  add("a", make_command("SET", "a", std::string(60, 'x')));
  add("b", make_command("SET", "b", std::string(60, 'x')));
  EXPECT_EQ(take_outcomes(), Outcomes{"b: not executed"});
  EXPECT_EQ(sent(), "a");
  add("c", make_command("SET", "c", std::string(60, 'x')));
  EXPECT_EQ(outcomes, Outcomes{});
}

TEST_F(MultiplexerTest, TakesNothingWhenClosedOrAway) {
  add("a", make_command("SET", "a", 1), {.is_closed = true, .is_away = false, .last_error = {}});
  add("b", make_command("SET", "b", 1), {.is_closed = false, .is_away = true, .last_error = "gone"});
  EXPECT_EQ(outcomes, (Outcomes{"a: not executed", "b: not executed"}));
  EXPECT_FALSE(mux.has_unsent());
}

// What the breaking of a connection means for a command, by where it was.
TEST_F(MultiplexerTest, ALostConnectionLeavesUnknownWhatWasSentAndMayNotBeSentAgain) {
  write("a");
  read("b");
  EXPECT_EQ(sent(), "ab");
  write("c");
  complete(mux.on_lost("lost", false));
  EXPECT_EQ(take_outcomes(), Outcomes{"a: unknown"});
  mux.on_connected();
  EXPECT_EQ(sent(), "bc");
  answer(integer(1));
  answer(integer(2));
  EXPECT_EQ(outcomes, (Outcomes{"b: 1", "c: 2"}));
}

TEST_F(MultiplexerTest, WhatIsSentAgainKeepsTheOrderOfTheCalls) {
  read("a");
  read("b");
  EXPECT_EQ(sent(), "ab");
  read("c");
  complete(mux.on_lost("lost", false));
  std::string bytes;
  mux.fill_batch(bytes, now);
  EXPECT_LT(bytes.find("\r\na\r\n"), bytes.find("\r\nb\r\n"));
  EXPECT_LT(bytes.find("\r\nb\r\n"), bytes.find("\r\nc\r\n"));
}

TEST_F(MultiplexerTest, AQueryThatBreaksEveryConnectionIsNotSentForEver) {
  read("a");
  read("b");
  for (int life = 0; life < 3; ++life) {
    EXPECT_EQ(sent(), "ab");
    complete(mux.on_lost("lost", false));
  }
  EXPECT_EQ(take_outcomes(), Outcomes{"a: unknown"});
  EXPECT_EQ(sent(), "b");
}

TEST_F(MultiplexerTest, AQueryWhoseAnswerIsNoProtocolIsNotSentAgain) {
  read("a");
  read("b");
  EXPECT_EQ(sent(), "ab");
  mux.blame_first();
  complete(mux.on_lost("no RESP", false));
  EXPECT_EQ(take_outcomes(), Outcomes{"a: unknown"});
  EXPECT_EQ(sent(), "b");
}

TEST_F(MultiplexerTest, ClosingDecidesAll) {
  read("a");
  EXPECT_EQ(sent(), "a");
  read("b");
  complete(mux.close("closed"));
  EXPECT_EQ(outcomes, (Outcomes{"a: unknown", "b: not executed"}));
  EXPECT_TRUE(mux.is_idle());
}

TEST_F(MultiplexerTest, AnInterruptionFailsWhatWaitsForAConnection) {
  write("a");
  complete(mux.fail_unsent("interrupted"));
  EXPECT_EQ(outcomes, Outcomes{"a: not executed"});
}

TEST_F(MultiplexerTest, ACancelledCommandIsNeverSent) {
  write("a");
  Pending& cancelled = write("b");
  write("c");
  complete(mux.cancel(cancelled));
  EXPECT_EQ(take_outcomes(), Outcomes{"b: cancelled, not executed"});
  EXPECT_EQ(sent(), "ac");
}

TEST_F(MultiplexerTest, TheAnswerOfACancelledCommandIsNobodyElses) {
  Pending& cancelled = write("a");
  write("b");
  EXPECT_EQ(sent(), "ab");
  complete(mux.cancel(cancelled));
  answer(integer(1));
  answer(integer(2));
  EXPECT_EQ(outcomes, (Outcomes{"a: cancelled, unknown", "b: 2"}));
}

TEST_F(MultiplexerTest, ACancellationThatComesTooLateChangesNothing) {
  auto pending = std::make_unique<NamedPending>("a", outcomes);
  EXPECT_FALSE(mux.cancel(*pending));
}

TEST_F(MultiplexerTest, TheAnswersOfACancelledTransactionAreAllTaken) {
  Transaction transaction;
  transaction.add(make_query("GET", "a"));
  Pending& cancelled = add("a", transaction.take());
  write("b");
  (void)sent();
  answer(integer(0));  // MULTI
  complete(mux.cancel(cancelled));
  answer(integer(0));  // QUEUED
  answer(integer(0));  // EXEC
  answer(integer(5));
  EXPECT_EQ(outcomes, (Outcomes{"a: cancelled, unknown", "b: 5"}));
}

TEST_F(MultiplexerTest, ALateCommandIsDecidedByWhereItIs) {
  write("a");
  EXPECT_EQ(sent(), "a");
  write("b");
  now += options.command_timeout;
  auto late = mux.expire(now, now, true, {});
  complete(std::move(late.completions));
  // The server answers others: it is only slow.
  EXPECT_FALSE(late.is_dead);
  EXPECT_EQ(outcomes, (Outcomes{"a: late, unknown", "b: late, not executed"}));
  EXPECT_EQ(sent(), "");
  EXPECT_TRUE(std::holds_alternative<Answered>(answer(integer(1))));
  EXPECT_EQ(outcomes.size(), 2U);
}

TEST_F(MultiplexerTest, ASilentServerIsDeadWhenACommandIsLate) {
  write("a");
  EXPECT_EQ(sent(), "a");
  const Instant heard = now;
  now += options.command_timeout;
  auto late = mux.expire(now, heard, true, {});
  EXPECT_TRUE(late.is_dead);
  complete(std::move(late.completions));
}

TEST_F(MultiplexerTest, AShortDeadlineTellsNothingOfTheServer) {
  Command hasty = make_command("SET", "a", 1);
  hasty.timeout = 10ms;
  add("a", std::move(hasty));
  EXPECT_EQ(sent(), "a");
  const Instant heard = now;
  now += options.command_timeout;
  auto late = mux.expire(now, heard, true, {});
  EXPECT_FALSE(late.is_dead);
  complete(std::move(late.completions));
}

TEST_F(MultiplexerTest, ABlockingReadHasItsTimeFromWhenItIsSent) {
  Command blocking = make_query("BZPOPMIN", "a", 5);
  blocking.timeout = 6s;
  blocking.drop_on_timeout = true;
  add("a", std::move(blocking));
  (void)mux.take_soonest_new_deadline();
  now += 5s;
  EXPECT_EQ(sent(), "a");
  EXPECT_EQ(mux.take_soonest_new_deadline(), now + 6s);
  now += 5s;
  EXPECT_TRUE(mux.expire(now, now, true, {}).completions.empty());
  now += 1s;
  auto late = mux.expire(now, now, true, {});
  EXPECT_TRUE(late.is_dead);
  complete(std::move(late.completions));
}

TEST_F(MultiplexerTest, KnowsTheNextDeadline) {
  EXPECT_EQ(mux.next_deadline(), Instant::max());
  write("a");
  EXPECT_EQ(mux.next_deadline(), now + options.command_timeout);
  EXPECT_EQ(mux.take_soonest_new_deadline(), now + options.command_timeout);
  EXPECT_EQ(mux.take_soonest_new_deadline(), Instant::max());
  EXPECT_EQ(sent(), "a");
  answer(integer(1));
  EXPECT_EQ(mux.next_deadline(), Instant::max());
}

TEST_F(MultiplexerTest, SendsAScriptAsTextOnceAConnection) {
  call("a");
  call("b");
  EXPECT_EQ(sent(), "ab+");
  call("c");
  EXPECT_EQ(sent(), "c");
  complete(mux.on_lost("lost", false));
  mux.on_connected();
  call("d");
  EXPECT_EQ(sent(), "d+");
}

TEST_F(MultiplexerTest, SendsAScriptAgainThatRedisDoesNotKnow) {
  call("a");
  EXPECT_EQ(sent(), "a+");
  answer(integer(1));
  call("b");
  call("c");
  EXPECT_EQ(sent(), "bc");
  EXPECT_TRUE(std::holds_alternative<SentAgain>(answer(error("NOSCRIPT No matching script."))));
  EXPECT_TRUE(std::holds_alternative<SentAgain>(answer(error("NOSCRIPT No matching script."))));
  EXPECT_EQ(sent(), "bc+");
  answer(integer(2));
  answer(integer(3));
  EXPECT_EQ(outcomes, (Outcomes{"a: 1", "b: 2", "c: 3"}));
}

TEST_F(MultiplexerTest, GivesUpOnAScriptThatIsForgottenAgainAndAgain) {
  call("a");
  int sends = 0;
  while (outcomes.empty() && sends < 1'000) {
    EXPECT_EQ(sent(), "a+");
    ++sends;
    answer(error("NOSCRIPT No matching script."));
  }
  EXPECT_EQ(sends, 101);
  EXPECT_EQ(outcomes, Outcomes{"a: NOSCRIPT No matching script."});
}

TEST_F(MultiplexerTest, LeavesAServerThatHasBecomeAReplica) {
  for (const char* text : {"READONLY You can't write against a read only replica.",
                           "ERR Error running script (call to f_1): @user_script:1: -READONLY You can't",
                           "UNBLOCKED force unblock from blocking operation, instance state changed"}) {
    write("a");
    EXPECT_EQ(sent(), "a");
    const AnswerMeaning meaning = answer(error(text));
    ASSERT_TRUE(std::holds_alternative<WrongServer>(meaning)) << text;
    EXPECT_FALSE(std::get<WrongServer>(meaning).redirect);
    // Not executed, so it is sent again, though it is no query.
    EXPECT_EQ(sent(), "a");
    answer(integer(1));
  }
  EXPECT_EQ(outcomes.size(), 3U);
}

TEST_F(MultiplexerTest, AReplicaThatIsAllowedRefusesAsAnyServer) {
  options.allow_replica = true;
  write("a");
  EXPECT_EQ(sent(), "a");
  answer(error("READONLY You can't write"));
  EXPECT_EQ(outcomes, Outcomes{"a: READONLY You can't write"});
}

TEST_F(MultiplexerTest, ATransactionTellsWhyItWasRefused) {
  Transaction transaction;
  transaction.add(make_command("SET", "a", 1));
  add("a", transaction.take());
  (void)sent();
  EXPECT_TRUE(std::holds_alternative<PartOfAnswer>(answer(integer(0))));
  EXPECT_TRUE(std::holds_alternative<PartOfAnswer>(answer(error("OOM command not allowed"))));
  answer(error("EXECABORT Transaction discarded because of previous errors."));
  EXPECT_EQ(outcomes, Outcomes{"a: OOM command not allowed"});
}

TEST_F(MultiplexerTest, ATransactionOfOneScriptIsSentAgainAsAWhole) {
  Transaction transaction;
  transaction.add(ScriptCall(kScript, 1).add("a").take());
  add("a", transaction.take());
  EXPECT_EQ(sent(), "a+");
  answer(integer(0));
  answer(integer(0));
  Reply exec;
  exec.type = Reply::Type::array;
  exec.elements.push_back(error("NOSCRIPT No matching script."));
  EXPECT_TRUE(std::holds_alternative<SentAgain>(answer(std::move(exec))));
  EXPECT_EQ(sent(), "a+");
}

TEST_F(MultiplexerTest, AnAnswerThatNobodyAskedForIsNoted) {
  EXPECT_TRUE(std::holds_alternative<NobodyAsked>(answer(integer(1))));
}

TEST_F(MultiplexerTest, ASingleServersRedirectsArePlainErrors) {
  for (const char* text : {"MOVED 1 10.0.0.1:6379", "ASK 1 10.0.0.1:6379", "TRYAGAIN later", "CLUSTERDOWN"}) {
    write("a");
    EXPECT_EQ(sent(), "a");
    answer(error(text));
    EXPECT_EQ(take_outcomes(), Outcomes{std::string("a: ") + text});
  }
}

TEST_F(ClusterMultiplexerTest, FollowsASlotThatHasMoved) {
  write("a");
  write("b");
  EXPECT_EQ(sent(), "ab");
  const AnswerMeaning meaning = answer(error("MOVED 1 10.0.0.1:7001"));
  EXPECT_EQ(std::get<WrongServer>(meaning).redirect, (RedisAddress{"10.0.0.1", 7001}));
  answer(error("MOVED 1 :7001"));
  EXPECT_EQ(sent(), "ab");
}

TEST_F(ClusterMultiplexerTest, TriesAgainInAMoment) {
  write("a");
  write("b");
  EXPECT_EQ(sent(), "ab");
  EXPECT_TRUE(std::get<TryAgainLater>(answer(error("TRYAGAIN Multiple keys request"))).is_first);
  EXPECT_FALSE(std::get<TryAgainLater>(answer(error("CLUSTERDOWN Hash slot not served"))).is_first);
  EXPECT_EQ(sent(), "");
  EXPECT_FALSE(mux.is_idle());
  mux.resume_paused();
  EXPECT_EQ(sent(), "ab");
}

TEST_F(ClusterMultiplexerTest, APausedCommandIsDecidedAsOneThatWasNotExecuted) {
  Pending& cancelled = write("a");
  write("b");
  EXPECT_EQ(sent(), "ab");
  answer(error("TRYAGAIN"));
  answer(error("TRYAGAIN"));
  complete(mux.cancel(cancelled));
  complete(mux.close("closed"));
  EXPECT_EQ(outcomes, (Outcomes{"a: cancelled, not executed", "b: not executed"}));
}

TEST_F(ClusterMultiplexerTest, LetsAnotherNodeExecuteOneCommand) {
  call("a");
  EXPECT_EQ(sent(), "a+");
  const auto asked = std::get<AskAnother>(answer(error("ASK 1 10.0.0.2:7002")));
  EXPECT_EQ(asked.address, (RedisAddress{"10.0.0.2", 7002}));
  now += 4s;
  const Command command = mux.asking(asked.sequence, now);
  EXPECT_TRUE(command.bytes.starts_with("*1\r\n$6\r\nASKING\r\n"));
  // The other node may never have seen the script.
  EXPECT_NE(command.bytes.find("EVAL\r\n"), std::string::npos);
  EXPECT_EQ(command.replies, 2U);
  EXPECT_EQ(command.timeout, options.command_timeout - 4s);
  auto back = mux.on_answer_elsewhere(asked.sequence, nullptr, integer(7));
  complete(std::move(back.completion));
  EXPECT_EQ(outcomes, Outcomes{"a: 7"});
}

TEST_F(ClusterMultiplexerTest, TriesAgainWhatTheOtherNodeHasNotGotYet) {
  for (const char* text : {"TRYAGAIN", "MOVED 1 10.0.0.1:7001", "ASK 1 10.0.0.3:7003"}) {
    write("a");
    EXPECT_EQ(sent(), "a");
    const auto asked = std::get<AskAnother>(answer(error("ASK 1 10.0.0.2:7002")));
    auto back = mux.on_answer_elsewhere(asked.sequence, std::make_exception_ptr(RedisError(text)), {});
    EXPECT_TRUE(back.start_pause && !back.completion) << text;
    mux.resume_paused();
    EXPECT_EQ(sent(), "a");
    answer(integer(1));
  }
}

TEST_F(ClusterMultiplexerTest, TellsWhatTheOtherNodeFailedWith) {
  write("a");
  EXPECT_EQ(sent(), "a");
  const auto asked = std::get<AskAnother>(answer(error("ASK 1 10.0.0.2:7002")));
  auto back = mux.on_answer_elsewhere(asked.sequence,
                                      std::make_exception_ptr(ConnectionError(Fate::unknown, "lost")), {});
  complete(std::move(back.completion));
  EXPECT_EQ(outcomes, Outcomes{"a: unknown"});
}

TEST_F(ClusterMultiplexerTest, AnAnswerFromElsewhereComesTooLateForWhoHasGone) {
  Pending& cancelled = write("a");
  write("b");
  EXPECT_EQ(sent(), "ab");
  const auto first = std::get<AskAnother>(answer(error("ASK 1 10.0.0.2:7002")));
  const auto second = std::get<AskAnother>(answer(error("ASK 1 10.0.0.2:7002")));
  complete(mux.cancel(cancelled));
  now += options.command_timeout;
  auto late = mux.expire(now, now, true, {});
  EXPECT_FALSE(late.is_dead);
  complete(std::move(late.completions));
  EXPECT_FALSE(mux.on_answer_elsewhere(first.sequence, nullptr, integer(1)).completion);
  EXPECT_FALSE(mux.on_answer_elsewhere(second.sequence, nullptr, integer(2)).completion);
  EXPECT_EQ(outcomes, (Outcomes{"a: cancelled, unknown", "b: late, unknown"}));
}

TEST_F(ClusterMultiplexerTest, WhatAnotherNodeExecutesSurvivesALostConnection) {
  write("a");
  EXPECT_EQ(sent(), "a");
  const auto asked = std::get<AskAnother>(answer(error("ASK 1 10.0.0.2:7002")));
  complete(mux.on_lost("lost", false));
  EXPECT_EQ(outcomes, Outcomes{});
  auto back = mux.on_answer_elsewhere(asked.sequence, nullptr, integer(7));
  complete(std::move(back.completion));
  EXPECT_EQ(outcomes, Outcomes{"a: 7"});
}

TEST_F(ClusterMultiplexerTest, AsksABoundedNumberOfNodes) {
  for (int node = 0; node < 16; ++node) {
    write("a");
    EXPECT_EQ(sent(), "a");
    const auto asked = std::get<AskAnother>(answer(error("ASK 1 10.0.0.2:" + std::to_string(7'000 + node))));
    complete(mux.on_answer_elsewhere(asked.sequence, nullptr, integer(1)).completion);
  }
  (void)take_outcomes();
  write("a");
  EXPECT_EQ(sent(), "a");
  answer(error("ASK 1 10.0.0.2:8000"));
  EXPECT_EQ(take_outcomes(), Outcomes{"a: ASK 1 10.0.0.2:8000"});
  mux.forget_other_nodes();
  write("a");
  EXPECT_EQ(sent(), "a");
  EXPECT_TRUE(std::holds_alternative<AskAnother>(answer(error("ASK 1 10.0.0.2:8000"))));
}

}  // namespace
}  // namespace bullmq::detail
