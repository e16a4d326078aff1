// What a process tells Redis of its sync generations: the steps, what the answers mean, what is told.
#include "queue/registry/registry_entry.hpp"

#include <gtest/gtest.h>

#include "queue/records/notification_records.hpp"
#include "shunt/generation/event_codec.hpp"
#include "support/manual_clock.hpp"
#include "support/redis_replies.hpp"

namespace shunt::executor {
namespace {

using namespace bullmq::detail::replies;
using namespace std::chrono_literals;

class RegistryEntryTest : public ::testing::Test {
 protected:
  RegistryEntryTest() {
    Envelope envelope;
    envelope.id = ids_.next();
    envelope.request.model = "echo";
    envelope.request.caller = "ann";
    envelope.request.input = JsonObject{{"prompt", "not in the head"}};
    envelope.admission = {"sync", "test"};
    envelope.created_at = envelope.id.created_at();
    envelope.deadline = envelope.created_at + 60s;
    entry_.generation = std::make_shared<Generation>(envelope, system_clock(), OutputLimits{});
    entry_.id = envelope.id;
    entry_.generation->start();
  }
  Registration told() { return make_registration(entry_, next_step(entry_), 5s); }

  GenerationIdSource ids_{system_clock()};
  RegistryEntry entry_;
};

TEST_F(RegistryEntryTest, ItIsEnteredAndItsEndIsTold) {
  EXPECT_EQ(next_step(entry_), RegistryStep::kEnter);
  EXPECT_EQ(apply_answer(entry_, false, RegisterAnswer(Registered{})), RegistryFinding::kNothing);
  EXPECT_EQ(next_step(entry_), RegistryStep::kNone);
  entry_.ended = true;
  EXPECT_EQ(next_step(entry_), RegistryStep::kTellEnd);
  EXPECT_EQ(apply_answer(entry_, true, RegisterAnswer(Registered{})), RegistryFinding::kNothing);
  EXPECT_EQ(next_step(entry_), RegistryStep::kNone);
  EXPECT_TRUE(entry_.told);
}

TEST_F(RegistryEntryTest, OneThatHasEndedByThenIsToldAtOnce) {
  entry_.generation->succeed(nullptr);
  entry_.ended = true;
  const Registration all = told();
  EXPECT_FALSE(all.head.empty());
  EXPECT_EQ(all.id, entry_.id.to_string());
  EXPECT_EQ(all.model, "echo");
  EXPECT_EQ(all.caller, "ann");
  EXPECT_EQ(all.created_at, entry_.id.created_at());
  EXPECT_EQ(all.ttl, 5s);
  ASSERT_TRUE(all.end);
  EXPECT_EQ(all.end->state, "succeeded");
  EXPECT_EQ(all.end->sequence, 3U);
  EXPECT_EQ(decode_events(all.end->events)->size(), 2U);
}

TEST_F(RegistryEntryTest, TheHeadHasNoInputAndTheEndOfOneThatIsThereHasNoHead) {
  const Registration first = told();
  EXPECT_EQ(first.head.find("not in the head"), std::string::npos);
  EXPECT_TRUE(decode_envelope(first.head).ok());
  EXPECT_EQ(first.ttl, 65s);
  EXPECT_FALSE(first.end);
  apply_answer(entry_, false, RegisterAnswer(Registered{}));
  entry_.generation->cancel("enough");
  entry_.ended = true;
  EXPECT_EQ(told().head, "");
}

TEST_F(RegistryEntryTest, ALongLogStaysHereAndOnlyItsEndIsTold) {
  entry_.generation->delta(std::string(5'000, 'x'));
  entry_.generation->fail({"generator_failed", "why"});
  entry_.ended = true;
  const Registration::End end = *told().end;
  EXPECT_EQ(end.events, "");
  const auto last = decode_events(end.last);
  ASSERT_TRUE(last.ok());
  ASSERT_EQ(last->size(), 1U);
  EXPECT_EQ(std::get<event::Failed>(last->front().payload).error.message, "why");
}

TEST_F(RegistryEntryTest, WhatRedisHasLostIsEnteredAnew) {
  apply_answer(entry_, false, RegisterAnswer(Registered{}));
  entry_.generation->succeed(nullptr);
  entry_.ended = true;
  EXPECT_EQ(apply_answer(entry_, true, RegisterAnswer(RegistrationUnknown{})), RegistryFinding::kNothing);
  EXPECT_EQ(next_step(entry_), RegistryStep::kEnter);
  EXPECT_FALSE(told().head.empty());
}

TEST_F(RegistryEntryTest, AnotherEndIsFoundAndOurOwnIsNone) {
  entry_.generation->succeed(nullptr);
  entry_.ended = true;
  RegistryEntry again = entry_;
  EXPECT_EQ(apply_answer(entry_, true, RegisterAnswer(RegisteredEnded{"failed"})),
            RegistryFinding::kOvertaken);
  EXPECT_EQ(apply_answer(again, true, RegisterAnswer(RegisteredEnded{"succeeded"})),
            RegistryFinding::kNothing);
  EXPECT_TRUE(entry_.told);
  EXPECT_TRUE(again.told);
}

TEST_F(RegistryEntryTest, AClaimIsWonOrLostOnceAndADoubleIsToldOf) {
  entry_.claim = Registration::Claim{.name = "k", .fingerprint = "f", .must_be_won = true};
  EXPECT_TRUE(told().claim->must_be_won);
  EXPECT_EQ(apply_answer(entry_, false, RegisterAnswer(KeyHeld{ids_.next(), false})),
            RegistryFinding::kRefused);
  EXPECT_EQ(next_step(entry_), RegistryStep::kEnter);
  EXPECT_FALSE(told().claim->must_be_won);
  EXPECT_EQ(apply_answer(entry_, false, RegisterAnswer(Registered{ids_.next()})), RegistryFinding::kDouble);
}

TEST_F(RegistryEntryTest, ABrokenRecordIsToldNothingMore) {
  entry_.ended = true;
  EXPECT_EQ(apply_answer(entry_, true, Error{"broken_record", "x"}), RegistryFinding::kBroken);
  EXPECT_EQ(next_step(entry_), RegistryStep::kNone);
}

TEST_F(RegistryEntryTest, WhatWasWithdrawnIsNotTold) {
  entry_.withdrawn = true;
  EXPECT_EQ(next_step(entry_), RegistryStep::kNone);
}

std::string name_of(const Result<RegisterAnswer>& answer) {
  if (!answer) return answer.error().code.to_string();
  constexpr std::array<const char*, 6> kNames{"registered", "ended", "unknown", "held", "conflict", "full"};
  return kNames.at(answer->index());
}

TEST(DecodeRegister, KnowsEveryAnswerAndNoOther) {
  const std::string id = "gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6";
  const auto decoded = [](const std::vector<std::string>& words) {
    return name_of(decode_register(array(texts(words))));
  };
  EXPECT_EQ(name_of(decode_register(text("entered"))), "registered");
  EXPECT_EQ(decoded({"double", id}), "registered");
  EXPECT_EQ(decoded({"ended", "failed"}), "ended");
  EXPECT_EQ(decoded({"unknown"}), "unknown");
  EXPECT_EQ(decoded({"held", id, "job"}), "held");
  EXPECT_EQ(decoded({"conflict", id}), "conflict");
  EXPECT_EQ(decoded({"claims_full"}), "full");
  EXPECT_EQ(decoded({"broken"}), "broken_record");
  EXPECT_EQ(decoded({"double", "nobody"}), "broken_record");
  EXPECT_EQ(decoded({"admitted"}), "queue_unavailable");
  EXPECT_EQ(decoded({"entered", "more"}), "queue_unavailable");
  EXPECT_EQ(name_of(decode_register(nil())), "queue_unavailable");
  EXPECT_EQ(name_of(decode_register(text("ended"))), "queue_unavailable");
  EXPECT_EQ(decoded({"entered"}), "queue_unavailable");
}

TEST(DecodeNotification, KnowsWhatOwnersAreAskedAndAnswer) {
  const auto asked = decode_notification(encode_owner_asked(OwnerRequest::kRequest, "api-1"));
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(std::get<OwnerAsked>(*asked).asker, "api-1");
  EXPECT_EQ(std::get<OwnerAsked>(*asked).what, OwnerRequest::kRequest);
  for (const OwnerAnswer answer : {OwnerAnswer::kDone, OwnerAnswer::kAbsent, OwnerAnswer::kFailed}) {
    const auto told = decode_notification(encode_owner_answered({OwnerRequest::kLog, answer}));
    ASSERT_TRUE(told.ok());
    EXPECT_EQ(std::get<OwnerAnswered>(*told).what, OwnerRequest::kLog);
    EXPECT_EQ(std::get<OwnerAnswered>(*told).answer, answer);
  }
  for (const std::string lie : {"ask:log:", "ask:log:two words", "ask:everything:api-1",
                                "ask:", "owner:", "owner:log", "owner:log:perhaps", "owner:log:done "})
    EXPECT_FALSE(decode_notification(lie).ok()) << lie;
  EXPECT_FALSE(decode_notification("ask:log:" + std::string(1'000, 'x')).ok());
}

}  // namespace
}  // namespace shunt::executor
