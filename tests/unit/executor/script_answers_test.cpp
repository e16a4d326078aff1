// What scripts answer, and what somebody else may answer in their place: every decoder returns, whatever
// comes.
#include "queue/records/script_answers.hpp"

#include <gtest/gtest.h>

#include "queue/records/fleet_answer.hpp"
#include "queue/records/notification_records.hpp"
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

// One line for each answer that a script gives, and what it is decoded to. "error: CODE" for one that is no
// answer, or tells of a broken record.
struct Case {
  const char* name;
  RedisReply reply;
  std::string decoded;
};

template <typename Answer, typename Describe>
void expect_all(const std::vector<Case>& cases, Result<Answer> (*decode)(const RedisReply&),
                Describe describe) {
  for (const Case& each : cases) {
    const Result<Answer> answer = decode(each.reply);
    const std::string got =
        answer ? std::visit(describe, *answer) : "error: " + answer.error().code.to_string();
    EXPECT_EQ(got, each.decoded) << each.name;
  }
}

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

RedisReply word(const char* first, std::vector<RedisReply> rest = {}) {
  rest.insert(rest.begin(), text(first));
  return array(std::move(rest));
}

const RedisReply kBrokenAnswer = word("broken");

TEST(ScriptAnswers, OfAdmit) {
  const Overloaded describe{
      [](const Admitted&) { return std::string("admitted"); },
      [](const KeyHeld& held) { return "held " + held.holder.to_string() + (held.lost ? " lost" : ""); },
      [](const KeyConflict& conflict) { return "conflict " + conflict.holder.to_string(); },
      [](const ModelBusy& busy) { return "busy " + std::to_string(busy.slots); },
      [](const NoWorkerThere&) { return std::string("no worker"); },
      [](const TooManyOpen& open) { return "too many " + std::to_string(open.limit); },
      [](const ClaimsFull&) { return std::string("claims full"); }};
  expect_all<AdmitAnswer>(
      {{"admitted", word("admitted"), "admitted"},
       {"admitted and more", word("admitted", {integer(1)}), "error: queue_unavailable"},
       {"held, job there", word("held", {text(kId), text("job")}), "held " + kId},
       {"held, no job", word("held", {text(kId), text("lost")}), "held " + kId + " lost"},
       {"held by nothing", word("held", {text("no id"), text("job")}), "error: broken_record"},
       {"conflict", word("conflict", {text(kId)}), "conflict " + kId},
       {"conflict with nothing", word("conflict", {text("x")}), "error: broken_record"},
       {"busy", word("busy", {integer(3), integer(2)}), "busy 2"},
       {"busy below zero", word("busy", {integer(3), integer(-2)}), "error: queue_unavailable"},
       {"no worker", word("no_worker"), "no worker"},
       {"too many open", word("too_many_open", {text("7")}), "too many 7"},
       {"claims full", word("claims_full"), "claims full"},
       {"broken", kBrokenAnswer, "error: broken_record"},
       {"another word", word("hello"), "error: queue_unavailable"}},
      decode_admit, describe);
}

TEST(ScriptAnswers, OfBegin) {
  const Overloaded describe{
      [](const BeginRun& run) {
        return "run " + std::to_string(run.attempt) + ' ' + std::to_string(run.sequence);
      },
      [](const BeginCancelled& run) {
        return "cancelled " + std::to_string(run.attempt) + ' ' + std::to_string(run.sequence) + ' ' +
               run.reason;
      },
      [](const BeginEnded& ended) { return "ended " + ended.state; },
      [](const BeginLost& lost) {
        return "lost " + std::to_string(lost.attempt) + ' ' + std::to_string(lost.sequence);
      },
      [](const BeginNotYours&) { return std::string("not yours"); },
      [](const BeginWantsHead&) { return std::string("head"); }};
  expect_all<BeginAnswer>(
      {{"run", word("run", {integer(2), integer(7)}), "run 2 7"},
       {"attempt zero", word("run", {integer(0), integer(7)}), "error: queue_unavailable"},
       {"sequence zero", word("run", {integer(1), integer(0)}), "error: queue_unavailable"},
       {"cancelled", word("cancelled", {integer(1), integer(1), text("why\xff")}),
        "cancelled 1 1 why\xEF\xBF\xBD"},
       {"ended", word("ended", {text("gone")}), "ended gone"},
       {"lost", word("lost", {integer(2), integer(3)}), "lost 2 3"},
       {"lost before it began", word("lost", {integer(0), integer(3)}), "error: queue_unavailable"},
       {"lost without a log", word("lost", {integer(2)}), "error: queue_unavailable"},
       {"not yours", word("not_yours"), "not yours"},
       {"head", word("head"), "head"},
       {"broken", kBrokenAnswer, "error: broken_record"}},
      decode_begin, describe);
}

TEST(ScriptAnswers, OfReserve) {
  EXPECT_EQ(decode_reserve(integer(1)), ReserveAnswer::kReserved);
  EXPECT_EQ(decode_reserve(integer(0)), ReserveAnswer::kBeingRemoved);
  EXPECT_EQ(decode_reserve(integer(-1)), ReserveAnswer::kFenced);
  for (const RedisReply& odd : {integer(2), text("1"), text(""), array({integer(1)}), RedisReply()})
    EXPECT_EQ(decode_reserve(odd), ReserveAnswer::kBeingRemoved) << "whoever does not know asks again";
}

TEST(ScriptAnswers, OfAppend) {
  const auto describe = [](const RedisReply& reply) -> std::string {
    const AppendAnswer answer = decode_append(reply);
    const auto* const appended = std::get_if<Appended>(&answer);
    if (appended == nullptr) return "refused";
    return appended->cancel_reason ? "cancel " + *appended->cancel_reason : "ok";
  };
  EXPECT_EQ(describe(text("ok")), "ok");
  EXPECT_EQ(describe(text("cancel:")), "cancel ");
  EXPECT_EQ(describe(text("cancel:enough")), "cancel enough");
  EXPECT_EQ(describe(text("refused")), "refused");
  for (const RedisReply& strange : {nil(), integer(1), text(""), text("OK"), array({text("ok")})})
    EXPECT_EQ(describe(strange), "refused");
}

TEST(ScriptAnswers, OfCancel) {
  const Overloaded describe{[](const CancelWaiting& waiting) {
                              return "waiting " + std::to_string(waiting.sequence) + ' ' +
                                     std::to_string(waiting.attempt);
                            },
                            [](const CancelRunning&) { return std::string("running"); },
                            [](const CancelNothing&) { return std::string("nothing"); },
                            [](const CancelUnknown&) { return std::string("unknown"); }};
  expect_all<CancelAnswer>(
      {{"waiting", word("waiting", {integer(4), text("1")}), "waiting 4 1"},
       {"waiting without an attempt", word("waiting", {integer(4), text("x")}), "error: queue_unavailable"},
       {"running", word("running", {text("worker-1")}), "running"},
       {"ended", word("ended"), "nothing"},
       {"unknown", word("unknown"), "unknown"},
       {"broken", kBrokenAnswer, "error: broken_record"}},
      decode_cancel, describe);
}

TEST(ScriptAnswers, OfDelete) {
  const Overloaded describe{[](const DeleteGone&) { return std::string("gone"); },
                            [](const DeleteUnknown&) { return std::string("unknown"); },
                            [](const DeleteOpen&) { return std::string("open"); },
                            [](const DeleteHeld&) { return std::string("held"); },
                            [](const DeleteJobThere&) { return std::string("job"); },
                            [](const DeleteEnded& ended) { return "ended " + ended.queue; }};
  expect_all<DeleteAnswer>({{"gone", word("gone"), "gone"},
                            {"unknown", word("unknown"), "unknown"},
                            {"open", word("open"), "open"},
                            {"held", word("held"), "held"},
                            {"job", word("job", {text("{t}:echo")}), "job"},
                            {"ended", word("ended", {text("{t}:echo")}), "ended {t}:echo"},
                            {"ended nowhere", word("ended"), "error: queue_unavailable"},
                            {"broken", kBrokenAnswer, "error: broken_record"}},
                           decode_delete, describe);
}

TEST(ScriptAnswers, OfRequest) {
  const Overloaded describe{[](const RequestGone&) { return std::string("gone"); },
                            [](const RequestUnknown&) { return std::string("unknown"); },
                            [](const RequestText& request) { return "text " + request.envelope; }};
  expect_all<RequestAnswer>({{"gone", text("gone"), "gone"},
                             {"unknown", text("unknown"), "unknown"},
                             {"text", words({"{}"}), "text {}"},
                             {"kept no longer", words({""}), "text "},
                             {"broken", text("broken"), "error: broken_record"},
                             {"two", words({"{}", "{}"}), "error: queue_unavailable"}},
                            decode_request, describe);
}

TEST(ScriptAnswers, OfListAdoptStraysAndRelease) {
  const auto page = decode_list(array({text("next"), text("adopt"), words({"a", "b"})}));
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->next, "next");
  EXPECT_TRUE(page->adopt);
  EXPECT_EQ(page->ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(decode_list(array({text("next"), text(""), array({nil()})})).ok());
  ASSERT_TRUE(decode_adopt(array({integer(5), text("more")})).ok());
  EXPECT_TRUE(decode_adopt(array({integer(5), text("more")}))->more);
  EXPECT_FALSE(decode_adopt(array({integer(0), text("")}))->more);
  EXPECT_FALSE(decode_adopt(array({text("0"), text("")})).ok());
  const auto strays = decode_strays(array({text("more"), words({"a"})}));
  ASSERT_TRUE(strays.ok());
  EXPECT_TRUE(strays->more);
  EXPECT_EQ(strays->ids, std::vector<std::string>{"a"});
  const auto released = decode_release(array({text("12"), words({"ab"})}));
  ASSERT_TRUE(released.ok());
  EXPECT_EQ(released->next, "12");
  EXPECT_EQ(released->digests, std::vector<std::string>{"ab"});
  EXPECT_FALSE(decode_release(array({text("-1"), words({"ab"})})).ok());
  EXPECT_EQ(decode_position(text("17")), "17");
  for (const RedisReply& strange : {nil(), text("x"), text("-1"), array({}), error("ERR")})
    EXPECT_EQ(decode_position(strange), kScanEnd);
}

TEST(ScriptAnswers, OfLookAtJobs) {
  const auto described = [](const RedisReply& reply) -> std::string {
    const auto answers = decode_job_looks(array({reply}), 1);
    if (!answers) return "error: " + answers.error().code.to_string();
    const auto& answer = answers->front();
    if (!answer) return "error: " + answer.error().code.to_string();
    if (std::holds_alternative<RecordExpired>(*answer)) return "expired";
    if (std::holds_alternative<JobTooLarge>(*answer)) return "large";
    const auto& found = std::get<LookedAt>(*answer);
    return std::string(to_string(found.state)) + ' ' + std::to_string(found.sequence) + ' ' +
           std::to_string(found.attempt) + ' ' + found.worker + (found.job.exists ? " job" : " no job");
  };
  const RedisReply job = array({nil(), text("1763912587042"), text("0"), nil(), nil()});
  EXPECT_EQ(described(array({text("running"), integer(4), job, integer(2), text("w")})), "running 4 2 w job");
  EXPECT_EQ(described(array({text("queued"), integer(1), array({}), integer(0), text("")})),
            "queued 1 0  no job");
  EXPECT_EQ(described(array({text(""), integer(0), array({}), integer(0), text("")})), "expired");
  EXPECT_EQ(described(word("large")), "large");
  EXPECT_EQ(described(kBrokenAnswer), "error: broken_record");
  EXPECT_EQ(described(array({text("odd"), integer(1), array({}), integer(0), text("")})),
            "error: broken_record");
  EXPECT_FALSE(decode_job_looks(array({}), 1).ok());
}

TEST(ScriptAnswers, OfTheHealthProbeAndTheFleet) {
  const WallTime now{std::chrono::milliseconds(10'000)};
  const auto probed = decode_health_probe(
      array({array({integer(2), integer(4'000), integer(1), integer(8), text("x"), text("")})}), {"echo"},
      now);
  ASSERT_TRUE(probed.ok());
  EXPECT_EQ(probed->front().name, "echo");
  EXPECT_EQ(probed->front().open, 2U);
  EXPECT_EQ(probed->front().oldest_open_age, std::chrono::milliseconds(6'000));
  EXPECT_EQ(probed->front().slots, 8U);
  EXPECT_EQ(probed->front().waiting, 0U) << "a figure that is none is 0";
  EXPECT_FALSE(decode_health_probe(array({}), {"echo"}, now).ok());
  const auto fleet = decode_fleet(
      array({array({array({integer(2), integer(4'000), integer(1), integer(1), integer(8), text("")})}),
             array({array({text("worker-1"), text(R"({"name":"w"})"), integer(1)})})}),
      {"echo"}, now);
  ASSERT_TRUE(fleet.ok());
  EXPECT_EQ(fleet->models.front().running, 1U);
  EXPECT_EQ(fleet->models.front().waiting, 1U);
  EXPECT_EQ(fleet->workers.front().name, "w");
  EXPECT_FALSE(decode_fleet(array({array({}), array({})}), {"echo"}, now).ok());
}

TEST(ScriptAnswers, OfSummaryAreThoseOfTheFirstIds) {
  const auto decoded = decode_summaries(array({text("gone"), text("broken: its key"), text("later")}),
                                        {"a", "b", "c"}, kKeys, system_clock());
  ASSERT_TRUE(decoded.ok());
  ASSERT_EQ(decoded->found.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<GenerationGone>(*decoded->found[0].outcome));
  EXPECT_EQ(decoded->found[1].id, "b");
  EXPECT_EQ(decoded->found[1].outcome.error().code, "broken_record");
  EXPECT_FALSE(decode_summaries(array({text("later")}), {"a"}, kKeys, system_clock()).ok());
  EXPECT_FALSE(decode_summaries(array({text("gone")}), {"a", "b"}, kKeys, system_clock()).ok());
}

TEST(ScriptAnswers, OfReadIsOneRecord) {
  EXPECT_TRUE(std::holds_alternative<GenerationGone>(
      *decode_read(array({text("gone")}), kId, kKeys, system_clock())));
  EXPECT_TRUE(std::holds_alternative<GenerationUnknown>(
      *decode_read(array({text("unknown")}), kId, kKeys, system_clock())));
  EXPECT_EQ(decode_read(array({}), kId, kKeys, system_clock()).error().code, "queue_unavailable");
}

TEST(Notifications, AreACancelADeletionOrEvents) {
  const auto cancel = decode_notification("cancel:why \xff");
  ASSERT_TRUE(cancel.ok());
  EXPECT_EQ(std::get<CancelRequested>(*cancel).reason, "why \xEF\xBF\xBD");
  EXPECT_TRUE(std::holds_alternative<GenerationDeleted>(*decode_notification("forgotten")));
  const auto events = decode_notification(R"([{"seq":2,"type":"started","at":"2025-11-23T15:43:08.000Z"}])");
  ASSERT_TRUE(events.ok());
  EXPECT_EQ(std::get<EventsAppended>(*events).events.size(), 1U);
  EXPECT_FALSE(decode_notification("nonsense").ok());
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
    EXPECT_TRUE(std::holds_alternative<AppendRefused>(decode_append(reply)));
    (void)decode_delete(reply);
    (void)decode_request(reply);
    (void)decode_list(reply);
    (void)decode_health_probe(reply, {"m"}, WallTime{});
    (void)decode_strays(reply);
    (void)decode_looked_at(reply);
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
