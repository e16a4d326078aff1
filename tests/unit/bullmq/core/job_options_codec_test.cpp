#include "core/job_options_codec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bullmq/error.hpp"

namespace bullmq {
namespace {

using nlohmann::json;

// One option as users write it, as hashes have it, and what it is.
struct OptionCase {
  const char* given;
  const char* stored;
  JobOptions options;
};

template <typename Set>
JobOptions with(const Set& set) {
  JobOptions options;
  set(options);
  return options;
}

template <typename Field, typename Value>
JobOptions with(Field JobOptions::* field, Value value) {
  JobOptions options;
  options.*field = value;
  return options;
}

Backoff backoff(const char* type, std::optional<Milliseconds> delay, std::optional<double> jitter = {}) {
  return {type, delay, jitter};
}

Deduplication full_deduplication() {
  Deduplication full;
  full.id = "x";
  full.ttl = Milliseconds(5);
  full.extend = true;
  full.replace = false;
  full.keep_last_if_active = true;
  full.reschedule = true;
  return full;
}

const std::vector<OptionCase>& option_cases() {
  using O = JobOptions;
  using Ms = Milliseconds;
  static const std::vector<OptionCase> cases{
      {R"({"jobId":"a"})", R"({"jobId":"a"})", with(&O::job_id, "a")},
      {R"({"timestamp":1700000000000})", R"({"timestamp":1700000000000})",
       with(&O::timestamp, 1'700'000'000'000)},
      {R"({"delay":5000})", R"({"delay":5000})", with(&O::delay, Ms(5000))},
      {R"({"priority":2097151})", R"({"priority":2097151})", with(&O::priority, 2'097'151)},
      {R"({"lifo":true})", R"({"lifo":true})", with(&O::lifo, true)},
      {R"({"attempts":3})", R"({"attempts":3})", with(&O::attempts, 3)},
      {R"({"attempts":9007199254740991})", R"({"attempts":9007199254740991})",
       with(&O::attempts, 9'007'199'254'740'991)},
      {R"({"backoff":{"type":"fixed","delay":1000}})", R"({"backoff":{"type":"fixed","delay":1000}})",
       with(&O::backoff, backoff("fixed", Ms(1000)))},
      {R"({"backoff":{"type":"exponential","delay":10,"jitter":0.5}})",
       R"({"backoff":{"type":"exponential","delay":10,"jitter":0.5}})",
       with(&O::backoff, backoff("exponential", Ms(10), 0.5))},
      {R"({"backoff":{"type":"mine"}})", R"({"backoff":{"type":"mine"}})",
       with(&O::backoff, backoff("mine", {}))},
      {R"({"removeOnComplete":true})", R"({"removeOnComplete":true})",
       with(&O::remove_on_complete, KeepJobs::none())},
      {R"({"removeOnComplete":false})", R"({"removeOnComplete":false})",
       with(&O::remove_on_complete, KeepJobs::all())},
      {R"({"removeOnFail":100})", R"({"removeOnFail":100})", with(&O::remove_on_fail, KeepJobs::last(100))},
      {R"({"removeOnFail":{"age":3600,"count":10,"limit":7}})",
       R"({"removeOnFail":{"age":3600,"count":10,"limit":7}})",
       with(&O::remove_on_fail, KeepJobs{std::chrono::seconds(3600), 10, 7, KeepJobs::Form::object})},
      {R"({"removeOnFail":{}})", R"({"removeOnFail":{}})", with(&O::remove_on_fail, KeepJobs())},
      {R"({"keepLogs":50})", R"({"kl":50})", with(&O::keep_logs, 50)},
      {R"({"stackTraceLimit":0})", R"({"stackTraceLimit":0})", with(&O::stack_trace_limit, 0)},
      {R"({"sizeLimit":1024})", R"({"sizeLimit":1024})", with(&O::size_limit, 1024)},
      {R"({"deduplication":{"id":"x"}})", R"({"de":{"id":"x"}})",
       with([](O& o) { o.deduplication.emplace().id = "x"; })},
      {R"({"deduplication":{"id":"x","ttl":5,"extend":true,"replace":false,"keepLastIfActive":true,"reschedule":true}})",
       R"({"de":{"id":"x","ttl":5,"extend":true,"replace":false,"keepLastIfActive":true,"reschedule":true}})",
       with(&O::deduplication, full_deduplication())},
      {R"({"parent":{"id":"1","queue":"bull:p"}})", R"({"parent":{"id":"1","queue":"bull:p"}})",
       with(&O::parent, Parent{"1", "bull:p"})},
      {R"({"failParentOnFailure":true})", R"({"fpof":true})", with(&O::fail_parent_on_failure, true)},
      {R"({"continueParentOnFailure":true})", R"({"cpof":true})", with(&O::continue_parent_on_failure, true)},
      {R"({"ignoreDependencyOnFailure":true})", R"({"idof":true})",
       with(&O::ignore_dependency_on_failure, true)},
      {R"({"removeDependencyOnFailure":true})", R"({"rdof":true})",
       with(&O::remove_dependency_on_failure, true)},
      {R"({"telemetry":{"metadata":"trace","omitContext":true}})", R"({"tm":"trace","omc":true})",
       with([](O& o) {
         o.telemetry_metadata = "trace";
         o.omit_telemetry_context = true;
       })},
      {R"({"telemetry":{"omitContext":false}})", R"({"omc":false})", with(&O::omit_telemetry_context, false)},
      {R"({"repeatJobKey":"r","prevMillis":5,"mine":{"deep":[1,null]}})",
       R"({"repeatJobKey":"r","prevMillis":5,"mine":{"deep":[1,null]}})",
       with([](O& o) { o.extra = R"({"mine":{"deep":[1,null]},"prevMillis":5,"repeatJobKey":"r"})"; })},
      {"{}", "{}", {}},
  };
  return cases;
}

// What the add script makes of the packed options: the text that the hash has.
std::string stored_text(const JobOptions& options) {
  std::string packed;
  detail::pack_job_options(options, packed);
  return json::from_msgpack(packed).dump();
}

TEST(JobOptionsCodec, ReadsEachOptionAsUsersWriteIt) {
  for (const OptionCase& c : option_cases()) EXPECT_EQ(job_options_from_json(c.given), c.options) << c.given;
}

TEST(JobOptionsCodec, ReadsEachOptionAsHashesHaveIt) {
  for (const OptionCase& c : option_cases())
    EXPECT_EQ(detail::stored_job_options(c.stored), c.options) << c.stored;
}

TEST(JobOptionsCodec, WritesEachOptionAsUsersWriteIt) {
  for (const OptionCase& c : option_cases())
    EXPECT_EQ(json::parse(job_options_to_json(c.options)), json::parse(c.given)) << c.given;
}

TEST(JobOptionsCodec, PacksEachOptionAsHashesHaveIt) {
  for (const OptionCase& c : option_cases()) {
    json expected = json::parse(c.stored);
    if (!expected.contains("attempts")) expected["attempts"] = 0;
    EXPECT_EQ(json::parse(stored_text(c.options)), expected) << c.stored;
  }
}

// All options at once; of those that one option has several forms of, the last.
JobOptions everything() {
  JobOptions all;
  for (const OptionCase& c : option_cases()) all = merge(all, c.options);
  all.job_id = "a";
  return all;
}

TEST(JobOptionsCodec, ReadsBackAllThatItWrites) {
  const JobOptions all = everything();
  EXPECT_EQ(job_options_from_json(job_options_to_json(all)), all);
  EXPECT_EQ(detail::stored_job_options(stored_text(all)), all);
  EXPECT_EQ(json::parse(stored_text(all)).size(), 23U);
}

TEST(JobOptionsCodec, TakesANumberForAFixedBackoffAsNodeDoes) {
  for (const char* given : {R"({"backoff":1500})", R"({"backoff":1500.0})"})
    EXPECT_EQ(job_options_from_json(given).backoff, backoff("fixed", Milliseconds(1500))) << given;
}

TEST(JobOptionsCodec, ReadsNumbersAsJavaScriptAndLuaWriteThem) {
  const std::pair<const char*, std::int64_t> numbers[] = {
      {"3", 3},
      {"3.0", 3},
      {"3e2", 300},
      {"-1", -1},
      {"1.7e+12", 1'700'000'000'000},
      // Number.MAX_SAFE_INTEGER as cjson writes it, and what is beyond every integer.
      {"9.007199254741e+15", 9'007'199'254'741'000},
      {"18446744073709551615", 9'200'000'000'000'000'000},
      {"1e300", 9'200'000'000'000'000'000},
      {"-1e300", -9'200'000'000'000'000'000},
  };
  for (const auto& [written, value] : numbers) {
    const std::string text = R"({"attempts":)" + std::string(written) + "}";
    EXPECT_EQ(job_options_from_json(text).attempts, value) << text;
    EXPECT_EQ(detail::stored_job_options(text).attempts, value) << text;
  }
}

TEST(JobOptionsCodec, RefusesPartsOfANumberAndRoundsStoredOnesUp) {
  const char* const text = R"({"delay":1500.2,"attempts":3.9})";
  EXPECT_THROW((void)job_options_from_json(text), ValidationError);
  const JobOptions stored = detail::stored_job_options(text);
  EXPECT_EQ(stored.delay, Milliseconds(1'501));
  EXPECT_EQ(stored.attempts, 4);
}

TEST(JobOptionsCodec, TakesNullForAbsent) {
  const char* const text =
      R"({"attempts":null,"backoff":null,"delay":null,"jobId":null,"removeOnFail":{"age":null,"count":1}})";
  for (const JobOptions& options : {job_options_from_json(text), detail::stored_job_options(text)}) {
    EXPECT_EQ(options.remove_on_fail, (KeepJobs{{}, 1, {}, KeepJobs::Form::object}));
    JobOptions rest = options;
    rest.remove_on_fail.reset();
    EXPECT_EQ(rest, JobOptions());
  }
}

struct Refused {
  const char* given;
  const char* message;
};
constexpr Refused kRefused[] = {
    {"", "job options: expected a JSON object"},
    {"[]", "job options: expected a JSON object"},
    {"null", "job options: expected a JSON object"},
    {"{\"a\":", "job options: expected a JSON object"},
    {R"({"attempts":"3"})", R"(job option attempts: expected a whole number, got "3")"},
    {R"({"attempts":true})", "job option attempts: expected a whole number, got true"},
    {R"({"delay":"soon"})", R"(job option delay: expected whole milliseconds, got "soon")"},
    {R"({"timestamp":[]})", "job option timestamp: expected whole milliseconds, got []"},
    {R"({"priority":"high"})", R"(job option priority: expected a whole number, got "high")"},
    {R"({"priority":1.5})", "Priority should not be float"},
    {R"({"lifo":1})", "job option lifo: expected true or false, got 1"},
    {R"({"backoff":"exponential"})",
     R"(job option backoff: expected whole milliseconds or {type, delay, jitter}, got "exponential")"},
    {R"({"backoff":{"type":7}})",
     R"(job option backoff: expected whole milliseconds or {type, delay, jitter}, got {"type":7})"},
    {R"({"backoff":{"jitter":"x"}})",
     R"(job option backoff: expected whole milliseconds or {type, delay, jitter}, got {"jitter":"x"})"},
    {R"({"removeOnComplete":"yes"})",
     R"(job option removeOnComplete: expected true, false, a number or {age, count, limit}, got "yes")"},
    {R"({"removeOnFail":{"age":"1h"}})",
     R"(job option removeOnFail: expected true, false, a number or {age, count, limit}, got {"age":"1h"})"},
    {R"({"keepLogs":{}})", "job option keepLogs: expected a whole number, got {}"},
    {R"({"stackTraceLimit":"all"})", R"(job option stackTraceLimit: expected a whole number, got "all")"},
    {R"({"sizeLimit":"1k"})", R"(job option sizeLimit: expected bytes, got "1k")"},
    {R"({"deduplication":"x"})",
     R"(job option deduplication: expected {id, ttl, extend, replace, keepLastIfActive, reschedule}, got "x")"},
    {R"({"parent":{"id":1}})", R"(job option parent: expected {id, queue}, got {"id":1})"},
    {R"({"failParentOnFailure":"yes"})",
     R"(job option failParentOnFailure: expected true or false, got "yes")"},
    {R"({"jobId":12})", "job option jobId: expected a text, got 12"},
    {R"({"telemetry":{"metadata":1}})",
     R"(job option telemetry: expected {metadata, omitContext}, got {"metadata":1})"},
    {R"({"telemetry":"on"})", R"(job option telemetry: expected {metadata, omitContext}, got "on")"},
    {R"({"debounce":{"id":"x"}})", "Debounce option has been removed. Use deduplication option instead"},
};

TEST(JobOptionsCodec, RefusesWhatAUserGotWrongByName) {
  for (const Refused& refused : kRefused) {
    try {
      (void)job_options_from_json(refused.given);
      ADD_FAILURE() << refused.given << " was accepted";
    } catch (const ValidationError& error) {
      EXPECT_STREQ(error.what(), refused.message) << refused.given;
    }
  }
}

TEST(JobOptionsCodec, ReadsTheOptionsOfOneJobAfterAnotherAsIfEachWereAlone) {
  detail::StoredJobOptions reader;
  const std::pair<const char*, const char*> jobs[] = {
      {"1", ""},
      {"2", R"({"attempts":0})"},
      {"3", R"({"attempts":0})"},
      {"4", R"({"attempts":3,"de":{"id":"a"}})"},
      {"a", R"({"attempts":2,"jobId":"a","lifo":true})"},
      {"b", R"({"attempts":2,"jobId":"b","lifo":true})"},
      {"longer", R"({"attempts":2,"jobId":"longer","lifo":true})"},
      {"other", R"({"attempts":2,"jobId":"c","lifo":true})"},
      {"c", R"({"attempts":2,"jobId":"c","lifo":false})"},
      {"q\"uote", R"({"attempts":2,"jobId":"q\"uote","lifo":false})"},
      {"back", R"({"attempts":2,"jobId":"back","lifo":false})"},
      {"twice", R"({"jobId":"x","jobId":"twice"})"},
      {"again", R"({"jobId":"x","jobId":"again"})"},
      {"in", R"({"repeat":{"jobId":"in"},"jobId":"in"})"},
      {"on", R"({"repeat":{"jobId":"in"},"jobId":"on"})"},
      {"5", R"({"attempts":0})"},
      {"6", "no JSON"},
      {"7", ""}};
  for (const auto& [id, text] : jobs) {
    EXPECT_EQ(reader.read(text, id), detail::stored_job_options(text)) << text;
  }
}

TEST(JobOptionsCodec, QuotesLittleOfWhatItRefuses) {
  try {
    (void)job_options_from_json(R"({"attempts":")" + std::string(10'000, 'x') + "\"}");
    ADD_FAILURE();
  } catch (const ValidationError& error) {
    EXPECT_LT(std::string(error.what()).size(), 200U);
  }
}

TEST(JobOptionsCodec, KeepsOfAHashWhatMakesNoSense) {
  for (const char* stored : {R"({"attempts":"3"})", R"({"backoff":"exponential"})", R"({"de":"x"})",
                             R"({"kl":{}})", R"({"removeOnFail":{"age":"1h"}})", R"({"tm":5})",
                             R"({"debounce":{"id":"x"}})", R"({"telemetry":"on"})"}) {
    const JobOptions options = detail::stored_job_options(stored);
    EXPECT_EQ(options.extra, stored);
    JobOptions rest = options;
    rest.extra.clear();
    EXPECT_EQ(rest, JobOptions()) << stored;
  }
}

TEST(JobOptionsCodec, WritesTextsThatAreNoUtf8) {
  const JobOptions options = with(&JobOptions::telemetry_metadata, "\xff");
  EXPECT_EQ(job_options_to_json(options), "{\"telemetry\":{\"metadata\":\"\uFFFD\"}}");
}

TEST(JobOptionsCodec, WritesOptionsWhoseExtraIsNoObject) {
  for (const char* extra : {"[1]", "{", "7", "{\"telemetry\":7}"}) {
    JobOptions options = with(&JobOptions::telemetry_metadata, "t");
    options.attempts = 2;
    options.extra = extra;
    const json written = json::parse(job_options_to_json(options));
    EXPECT_EQ(written.at("telemetry").at("metadata"), "t") << extra;
    EXPECT_EQ(json::parse(stored_text(options)).at("attempts"), 2) << extra;
  }
}

}  // namespace
}  // namespace bullmq
