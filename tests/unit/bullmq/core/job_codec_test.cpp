#include "core/job_codec.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "bullmq/error.hpp"
#include "support/redis_replies.hpp"

namespace bullmq::detail {
namespace {

using replies::array;
using replies::integer;
using replies::nil;
using replies::text;
using replies::texts;

JobRecord decoded(const std::vector<std::string>& fields) {
  return decode_job("7", texts(fields));
}

TEST(JobCodec, ReadsEveryFieldOfAHash) {
  const JobRecord job = decoded({
      "name",         "paint",
      "data",         "{\"a\":1}",
      "opts",         "{\"attempts\":3,\"kl\":5}",
      "timestamp",    "1700000000000",
      "delay",        "500",
      "priority",     "9",
      "progress",     "{\"done\":50}",
      "ats",          "2",
      "atm",          "1",
      "stc",          "4",
      "processedOn",  "1700000000001",
      "finishedOn",   "1700000000002",
      "returnvalue",  "null",
      "failedReason", "broke",
      "defa",         "stalled",
      "stacktrace",   "[\"Error: a\",\"Error: b\"]",
      "pb",           "worker",
      "rjk",          "every",
      "deid",         "once",
      "parentKey",    "bull:p:1",
      "parent",       "{\"id\":\"1\"}",
  });
  EXPECT_EQ(job.id, "7");
  EXPECT_EQ(job.name, "paint");
  EXPECT_EQ(job.data, "{\"a\":1}");
  EXPECT_EQ(job.options.attempts, 3);
  EXPECT_EQ(job.options.keep_logs, 5);
  EXPECT_EQ(job.timestamp, 1'700'000'000'000);
  EXPECT_EQ(job.delay, Milliseconds(500));
  EXPECT_EQ(job.priority, 9);
  EXPECT_EQ(job.progress, "{\"done\":50}");
  EXPECT_EQ(job.attempts_started, 2);
  EXPECT_EQ(job.attempts_made, 1);
  EXPECT_EQ(job.stalled_counter, 4);
  EXPECT_EQ(job.processed_on, 1'700'000'000'001);
  EXPECT_EQ(job.finished_on, 1'700'000'000'002);
  EXPECT_EQ(job.return_value, "null");
  EXPECT_EQ(job.failed_reason, "broke");
  EXPECT_EQ(job.deferred_failure, "stalled");
  EXPECT_EQ(job.stacktrace, (std::vector<std::string>{"Error: a", "Error: b"}));
  EXPECT_EQ(job.processed_by, "worker");
  EXPECT_EQ(job.repeat_job_key, "every");
  EXPECT_EQ(job.deduplication_id, "once");
  EXPECT_EQ(job.parent_key, "bull:p:1");
  EXPECT_EQ(job.parent, "{\"id\":\"1\"}");
}

TEST(JobCodec, HasDefaultsForWhatIsMissingOrEmpty) {
  std::vector<std::string> empty;
  for (const char* name :
       {"name", "data", "opts",        "timestamp",  "delay",        "priority", "progress",   "ats",
        "atm",  "stc",  "processedOn", "finishedOn", "failedReason", "defa",     "stacktrace", "pb",
        "rjk",  "deid", "parentKey",   "parent",     "unheard of",   ""}) {
    empty.insert(empty.end(), {name, ""});
  }
  for (const JobRecord& job : {decoded({}), decoded(empty)}) {
    EXPECT_EQ(job.name, "");
    EXPECT_EQ(job.data, "{}");
    EXPECT_EQ(job.options, JobOptions());
    EXPECT_EQ(job.progress, "0");
    EXPECT_EQ(job.timestamp, 0);
    EXPECT_EQ(job.delay, Milliseconds(0));
    EXPECT_EQ(job.priority, 0);
    EXPECT_EQ(job.attempts_started, 0);
    EXPECT_EQ(job.attempts_made, 0);
    EXPECT_EQ(job.stalled_counter, 0);
    EXPECT_FALSE(job.processed_on || job.finished_on || job.return_value || job.failed_reason);
    EXPECT_FALSE(job.deferred_failure || job.processed_by || job.repeat_job_key || job.deduplication_id);
    EXPECT_FALSE(job.parent_key || job.parent);
    EXPECT_TRUE(job.stacktrace.empty());
  }
}

TEST(JobCodec, ReadsNumbersAsEveryServerWritesThem) {
  const std::pair<const char*, std::int64_t> numbers[] = {
      {"3e+8", 300'000'000},
      {"1.7e+12", 1'700'000'000'000},
      {"300000000", 300'000'000},
      {"12.0", 12},
      {"12.7", 12},
      {"-5", -5},
      {"1e999", 0},
      {"-1e999", 0},
      {"9e15", 9'000'000'000'000'000},
      // JavaScript's largest exact number bounds them.
      {"9e18", 9'007'199'254'740'991},
      {"1e19", 0},
      {"nan", 0},
      {"inf", 0},
      {"soon", 0},
      {"", 0},
      {"12abc", 12},
  };
  for (const auto& [written, value] : numbers) {
    EXPECT_EQ(decoded({"timestamp", written}).timestamp, value) << written;
    EXPECT_EQ(decoded({"delay", written}).delay, Milliseconds(value)) << written;
    EXPECT_EQ(decoded({"atm", written}).attempts_made, value) << written;
    EXPECT_EQ(decoded({"finishedOn", written}).finished_on.value_or(0), value) << written;
  }
}

TEST(JobCodec, PrefersTheAttemptsOfOldVersionsInAnyOrder) {
  EXPECT_EQ(decoded({"attemptsMade", "2"}).attempts_made, 2);
  EXPECT_EQ(decoded({"attemptsMade", "2", "atm", "5"}).attempts_made, 2);
  EXPECT_EQ(decoded({"atm", "5", "attemptsMade", "2"}).attempts_made, 2);
}

TEST(JobCodec, TakesBrokenOptionsForNone) {
  for (const char* opts : {"{", "[]", "null", "7", "\"{}\"", "\xff", "{\"attempts\":}", "{}{}"})
    EXPECT_EQ(decoded({"opts", opts}).options, JobOptions()) << opts;
  EXPECT_EQ(decoded({"opts", std::string(1'000'000, '[')}).options, JobOptions());
}

TEST(JobCodec, TakesBrokenStackTracesForNone) {
  const std::pair<const char*, std::vector<std::string>> traces[] = {
      {"", {}},        {"[", {}},  {"{}", {}},
      {"\"one\"", {}}, {"[]", {}}, {"[\"a\",1,null,\"b\",[\"c\"]]", {"a", "b"}},
  };
  for (const auto& [json, expected] : traces) EXPECT_EQ(decode_stacktrace(json), expected) << json;
}

TEST(JobCodec, ReadsTheStackTracesThatItWrites) {
  const std::vector<std::string> traces{"Error: \"x\"\n  at y", "größe", "", std::string("\0", 1)};
  EXPECT_EQ(decode_stacktrace(encode_stacktrace(traces)), traces);
  EXPECT_EQ(encode_stacktrace({}), "[]");
  EXPECT_EQ(decode_stacktrace(encode_stacktrace({"broken \xff"})), std::vector<std::string>{"broken \uFFFD"});
}

TEST(JobCodec, KeepsBytesAsTheyAre) {
  const std::string bytes("\0\xff\r\n\xc3", 5);
  const JobRecord job = decode_job(bytes, texts({"name", bytes, "data", bytes, "returnvalue", bytes}));
  EXPECT_EQ(job.id, bytes);
  EXPECT_EQ(job.name, bytes);
  EXPECT_EQ(job.data, bytes);
  EXPECT_EQ(job.return_value, bytes);
}

TEST(JobCodec, ReadsHashesWithHoles) {
  const JobRecord job = decode_job("7", {text("name"), nil(), nil(), text("x"), text("atm"), integer(3),
                                         array({}), array({}), text("pb")});
  EXPECT_EQ(job.name, "");
  EXPECT_EQ(job.attempts_made, 3);
  EXPECT_EQ(job.processed_by, std::nullopt);
}

TEST(JobCodec, ReadsTheJobThatAScriptFetched) {
  const NextJob next =
      decode_next_job(array({array(texts({"name", "paint"})), text("7"), integer(0), integer(0)}));
  EXPECT_TRUE(next.has_job);
  EXPECT_EQ(next.record.id, "7");
  EXPECT_EQ(next.record.name, "paint");
  const NextJob numbered = decode_next_job(array({array({}), integer(12), integer(0), integer(0)}));
  EXPECT_TRUE(numbered.has_job);
  EXPECT_EQ(numbered.record.id, "12");
}

TEST(JobCodec, ReadsWhenToComeAgain) {
  const NextJob next =
      decode_next_job(array({integer(0), integer(0), integer(250), text("1700000000000.5")}));
  EXPECT_FALSE(next.has_job);
  EXPECT_EQ(next.rate_limit_ms, 250);
  EXPECT_EQ(next.delay_until, 1'700'000'000'000.5);
}

TEST(JobCodec, ReadsNoJobWhereNoneWasAskedFor) {
  EXPECT_FALSE(decode_next_job(integer(0)).has_job);
  EXPECT_FALSE(decode_next_job(array({integer(0), integer(0), integer(0), integer(0)})).has_job);
}

TEST(JobCodec, RefusesWhatIsNoNextJob) {
  const Reply lies[] = {
      nil(),
      integer(7),
      text("7"),
      array({}),
      array({array({}), text("7"), integer(0)}),
      array({array({}), text("7"), integer(0), integer(0), integer(0)}),
      array({array({}), nil(), integer(0), integer(0)}),
      array({array({}), text(""), integer(0), integer(0)}),
      array({array({}), array({}), array({}), array({})}),
      array({array({text("name")}), text("7"), integer(0), integer(0)}),
      array({array({text("name"), nil()}), text("7"), integer(0), integer(0)}),
      array({array({integer(1), text("x")}), text("7"), integer(0), integer(0)}),
      array({nil(), integer(0), integer(0), integer(0)}),
      array({integer(0), integer(0), nil(), integer(0)}),
      array({integer(0), integer(0), integer(0), array({})}),
  };
  for (const Reply& reply : lies)
    EXPECT_THROW(static_cast<void>(decode_next_job(reply)), UnexpectedReplyError);
  const Reply within = array({array({}), replies::error("WRONGTYPE of another"), integer(0), integer(0)});
  EXPECT_THROW(static_cast<void>(decode_next_job(within)), RedisError);
}

// Sums with them must not overflow.
TEST(JobCodec, BoundsTheNumbersThatItReads) {
  constexpr std::int64_t kMost = 9'007'199'254'740'991;
  const JobRecord job =
      decoded({"ats", "9100000000000000000", "atm", "9e18", "stc", "-9e18", "delay", "1e300"});
  EXPECT_EQ(job.attempts_started, kMost);
  EXPECT_EQ(job.attempts_made, kMost);
  EXPECT_EQ(job.stalled_counter, -kMost);
  EXPECT_EQ(job.delay, Milliseconds(0));
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(decode_next_job(array({integer(0), integer(0), integer(largest), integer(0)})).rate_limit_ms,
            kMost);
  EXPECT_EQ(decode_next_job(array({integer(0), integer(0), integer(-largest), integer(-1)})).rate_limit_ms,
            0);
}

TEST(JobState, IsNamedAsTheOtherClientsDo) {
  const std::pair<JobState, const char*> names[] = {
      {JobState::unknown, "unknown"},         {JobState::waiting, "waiting"},
      {JobState::active, "active"},           {JobState::delayed, "delayed"},
      {JobState::prioritized, "prioritized"}, {JobState::waiting_children, "waiting-children"},
      {JobState::completed, "completed"},     {JobState::failed, "failed"},
      {JobState::paused, "paused"},
  };
  for (const auto& [state, name] : names) {
    EXPECT_EQ(name_of(state), name);
    EXPECT_EQ(job_state_from(name), state);
  }
  EXPECT_EQ(name_of(static_cast<JobState>(99)), "unknown");
}

TEST(JobState, HasTheNamesOfTheLists) {
  EXPECT_EQ(job_state_from("wait"), JobState::waiting);
}

TEST(JobState, IsRefusedByName) {
  for (const char* name : {"", "Waiting", "waiting_children", "done"}) {
    try {
      (void)job_state_from(name);
      ADD_FAILURE() << name;
    } catch (const ValidationError& error) {
      EXPECT_EQ(error.what(), std::string("unknown job state: ") + name);
    }
  }
}

}  // namespace
}  // namespace bullmq::detail
