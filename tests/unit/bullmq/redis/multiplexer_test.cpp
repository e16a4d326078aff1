// Order, bounds, deadlines, cancellation, and what a lost connection leaves.
#include "multiplexer_fixture.hpp"

namespace bullmq::detail {
namespace {

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
}  // namespace
}  // namespace bullmq::detail
