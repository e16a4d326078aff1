// Answers that ask for more: unknown scripts, servers that have become replicas, redirects of a cluster.
#include "multiplexer_fixture.hpp"

namespace bullmq::detail {
namespace {

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
