// What scripts answer, and what somebody else may answer in their place: every decoder returns, whatever
// comes.
#include "queue/records/script_answers.hpp"

#include <gtest/gtest.h>

#include "queue/runtime/notification_stream.hpp"
#include "queue/records/stored_generation.hpp"
#include "support/redis_replies.hpp"

namespace shunt::executor {
namespace {

using namespace bullmq::detail::replies;
using bullmq::RedisReply;

const std::string kId = "gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6";
const GenerationKeys kKeys("{t}");

template <typename Kind, typename Answer>
const Kind* get(const Result<Answer>& answer) {
  return answer ? std::get_if<Kind>(&*answer) : nullptr;
}

RedisReply words(const std::vector<std::string>& all) {
  return array(texts(all));
}

TEST(ScriptAnswers, AreWhatTheScriptsSay) {
  EXPECT_NE(get<Admitted>(decode_admit(words({"admitted"}))), nullptr);
  const auto held = decode_admit(words({"held", kId, "lost"}));
  ASSERT_NE(get<KeyHeld>(held), nullptr);
  EXPECT_TRUE(get<KeyHeld>(held)->lost);
  const auto busy = decode_admit(array({text("busy"), integer(3), integer(2)}));
  ASSERT_NE(get<ModelBusy>(busy), nullptr);
  EXPECT_EQ(get<ModelBusy>(busy)->slots, 2);
  const auto run = decode_begin(array({text("run"), integer(2), integer(7)}));
  ASSERT_NE(get<BeginRun>(run), nullptr);
  EXPECT_EQ(get<BeginRun>(run)->sequence, 7U);
  EXPECT_NE(get<BeginEnded>(decode_begin(words({"ended", "gone"}))), nullptr);
  const auto waiting = decode_cancel(array({text("waiting"), integer(4), text("1")}));
  ASSERT_NE(get<CancelWaiting>(waiting), nullptr);
  EXPECT_EQ(get<CancelWaiting>(waiting)->sequence, 4U);
  EXPECT_NE(get<ForgetJobThere>(decode_forget(words({"job", "{t}:echo"}))), nullptr);
  EXPECT_NE(get<RequestText>(decode_request(words({"{}"}))), nullptr);
  const auto page = decode_list(array({text("next"), text(""), words({"a", "b"})}));
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->ids.size(), 2U);
}

TEST(ScriptAnswers, ABrokenRecordIsTold) {
  for (const auto& error :
       {decode_admit(words({"broken"})).error(), decode_begin(words({"broken"})).error(),
        decode_cancel(words({"broken"})).error(), decode_forget(words({"broken"})).error(),
        decode_request(text("broken")).error(), decode_probe(words({"broken"})).error()}) {
    EXPECT_EQ(error.code, "broken_record");
  }
  EXPECT_EQ(decode_admit(words({"held", "no id", "job"})).error().code, "broken_record");
}

// Empty, too short, too long, of other types, nested, with numbers out of range.
std::vector<RedisReply> strange_replies() {
  std::vector<RedisReply> all{nil(),
                              integer(-1),
                              integer(9'007'199'254'740'993),
                              text(""),
                              text("gone?"),
                              error("ERR no"),
                              status("OK"),
                              array({}),
                              array({nil()}),
                              array({array({})}),
                              array({integer(1), integer(2)})};
  for (const char* word : {"admitted", "held", "conflict", "busy", "run", "cancelled", "ended", "waiting",
                           "running", "job", "broken", "large", "queued", "\xff\xfe"}) {
    all.push_back(text(word));
    all.push_back(array({text(word), nil()}));
    all.push_back(array({text(word), array({nil()}), text("x")}));
    all.push_back(array({text(word), integer(-5), integer(-5)}));
    all.push_back(array({text(word), text("99999999999999999999"), text("1e400"), nil()}));
    all.push_back(array({text(word), nil(), nil(), nil(), nil()}));
    all.push_back(array({text(word), integer(0), integer(0), integer(0), integer(0), integer(0)}));
  }
  return all;
}

TEST(ScriptAnswers, NothingStrangeIsTakenForAnAnswer) {
  for (const RedisReply& reply : strange_replies()) {
    EXPECT_FALSE(get<BeginRun>(decode_begin(reply)));
    EXPECT_FALSE(get<KeyHeld>(decode_admit(reply)));
    EXPECT_FALSE(get<CancelWaiting>(decode_cancel(reply)));
    (void)decode_forget(reply);
    (void)decode_request(reply);
    (void)decode_list(reply);
    (void)decode_survey(reply);
    (void)decode_strays(reply);
    (void)decode_probe(reply);
    (void)decode_job_look(reply);
    (void)decode_entries(reply);
    EXPECT_FALSE(decode_stored(reply, kId, kKeys, system_clock()).ok());
  }
}

TEST(ScriptAnswers, NumbersAreWholeAndWithinReach) {
  EXPECT_EQ(whole_number(text("15")), 15U);
  EXPECT_EQ(whole_number(integer(0)), 0U);
  for (const auto& reply : {integer(-1), text("-1"), text("1.5"), text("1e3"), text(""), text(" 1"),
                            text("99999999999999999999"), nil(), array({})}) {
    EXPECT_FALSE(whole_number(reply).has_value());
  }
}

TEST(ScriptAnswers, EntriesOfAnInboxAreThoseOfTheRightShape) {
  const auto entries =
      decode_entries(array({array({text("1-0"), words({"a", "b", "odd"})}), array({text("2-0"), nil()}),
                            array({nil(), words({"a", "b"})}), text("x"), array({text("3-0")})}));
  ASSERT_EQ(entries.size(), 2U);
  ASSERT_EQ(entries[0].messages.size(), 1U);
  EXPECT_EQ(entries[0].messages[0].second, "b");
  EXPECT_TRUE(entries[1].messages.empty());
}

class StoredRecord : public ::testing::Test {
 protected:
  static std::string head(const std::string& id = kId) {
    return R"({"v":1,"id":")" + id +
           R"(","model":"echo","input":{},"admission":{"executor":"queue","reason":"x"},"created_at":1763912587042})";
  }
  static Result<ReadOutcome> decode(std::vector<std::string> fields, Replay how = Replay::kWhole) {
    return decode_stored(array({array(texts(fields)), array({})}), kId, kKeys, system_clock(), how);
  }
  static std::vector<std::string> record(const std::string& state, const std::string& seq,
                                         const std::vector<std::string>& more = {}) {
    std::vector<std::string> fields{"state", state,   "seq",      seq,    "attempt",
                                    "1",     "queue", "{t}:echo", "head", head()};
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
  }
  static std::string event(int seq, const std::string& rest) {
    return R"({"seq":)" + std::to_string(seq) + R"(,"type":)" + rest + R"(,"at":"2025-11-23T15:43:08.000Z"})";
  }
};

TEST_F(StoredRecord, IsAGenerationWhoseLogIsWhole) {
  const auto outcome = decode(
      record("succeeded", "3",
             {"e2", '[' + event(2, "\"started\"") + ']', "e3", '[' + event(3, "\"succeeded\"") + ']'}));
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(std::get<StoredGeneration>(*outcome).generation->state(), GenerationState::kSucceeded);
}

TEST_F(StoredRecord, OfASummaryLacksItsTextOnly) {
  const auto outcome = decode(record("succeeded", "9",
                                     {"e2", '[' + event(2, "\"started\"") + ']', "e3", "", "e9",
                                      '[' + event(9, "\"succeeded\"") + ']'}),
                              Replay::kSummary);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(std::get<StoredGeneration>(*outcome).generation->state(), GenerationState::kSucceeded);
  EXPECT_FALSE(decode(record("running", "5", {"e3", ""})).ok());
}

TEST_F(StoredRecord, IsBrokenWhereItsPartsDoNotFit) {
  const std::string started = '[' + event(2, "\"started\"") + ']';
  const std::vector<std::vector<std::string>> broken{
      {},
      {"state"},
      record("bananas", "1"),
      record("queued", "0"),
      record("queued", "-1"),
      record("queued", "99999999999999999999"),
      record("running", "3", {"e2", started}),
      record("running", "1", {"e2", started}),
      record("running", "2", {"e3", started}),
      record("succeeded", "2", {"e2", started}),
      record("running", "2", {"e2", '[' + event(2, "\"succeeded\"") + ']'}),
      record("failed", "2", {"e2", '[' + event(2, "\"succeeded\"") + ']'}),
      record("running", "2", {"e2", "nonsense"}),
      record("running", "2", {"e2", "[]"}),
      record("queued", "1", {"queue", "{other}:echo"}),
      record("queued", "1", {"head", head("gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f7")}),
      record("queued", "1", {"head", "{}"}),
      record("queued", "1", {"attempt", "x"}),
  };
  for (const auto& fields : broken) {
    const auto outcome = decode(fields);
    ASSERT_FALSE(outcome.ok()) << ::testing::PrintToString(fields);
    EXPECT_TRUE(outcome.error().code == "broken_record" || outcome.error().code == "queue_unavailable");
  }
}

}  // namespace
}  // namespace shunt::executor
