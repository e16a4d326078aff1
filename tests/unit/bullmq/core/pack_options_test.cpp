#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/job_options_codec.hpp"

// What the scripts are given, beside the tables of job_options_codec_test.cpp.
namespace bullmq::detail {
namespace {

using nlohmann::json;

json packed(const JobOptions& options) {
  std::string out;
  pack_job_options(options, out);
  return json::from_msgpack(out);
}

json packed(const KeepJobs& keep) {
  std::string out;
  pack_keep_jobs(keep, out);
  return json::from_msgpack(out);
}

TEST(PackOptions, AppendsToWhatIsThere) {
  std::string out = "before";
  pack_job_options({}, out);
  EXPECT_EQ(out.substr(0, 6), "before");
  EXPECT_EQ(json::from_msgpack(out.substr(6)), json::parse(R"({"attempts":0})"));
}

TEST(PackOptions, AlwaysHasTheAttemptsThatTheScriptsCompare) {
  JobOptions options;
  EXPECT_EQ(packed(options), json::parse(R"({"attempts":0})"));
  options.lifo = true;
  EXPECT_EQ(packed(options), json::parse(R"({"attempts":0,"lifo":true})"));
  options.attempts = 5;
  EXPECT_EQ(packed(options), json::parse(R"({"attempts":5,"lifo":true})"));
}

TEST(PackOptions, SendsOptionsThatItDoesNotKnow) {
  JobOptions options;
  options.attempts = 1;
  options.extra = R"({"a":[1,-2,3.5,"x",null,true],"b":{"c":{}},"größe":18446744073709551615})";
  json expected = json::parse(options.extra.str());
  expected["attempts"] = 1;
  EXPECT_EQ(packed(options), expected);
}

TEST(PackOptions, HasAHeaderForAnyNumberOfOptions) {
  for (const int count : {13, 14, 15, 16, 17, 300}) {
    json extra = json::object();
    for (int i = 0; i < count; ++i) extra["option" + std::to_string(i)] = i;
    JobOptions options;
    options.extra = extra.dump();
    extra["attempts"] = 0;
    EXPECT_EQ(packed(options), extra) << count;
  }
}

TEST(PackOptions, TellsTheFinishScriptWhatToKeepAsAnObject) {
  EXPECT_EQ(packed(KeepJobs::all()), json::parse(R"({"count":-1})"));
  EXPECT_EQ(packed(KeepJobs::none()), json::parse(R"({"count":0})"));
  EXPECT_EQ(packed(KeepJobs::last(7)), json::parse(R"({"count":7})"));
  EXPECT_EQ(packed(KeepJobs{std::chrono::seconds(60), 5, 9, KeepJobs::Form::object}),
            json::parse(R"({"age":60,"count":5,"limit":9})"));
  EXPECT_EQ(packed(KeepJobs{std::chrono::seconds(60), {}, {}, KeepJobs::Form::object}),
            json::parse(R"({"age":60})"));
}

TEST(PackOptions, TellsOfTheParentWhatTheHashHas) {
  JobOptions options;
  options.parent = Parent{"1", "bull:p"};
  EXPECT_EQ(json::parse(parent_json(options)), json::parse(R"({"id":"1","queueKey":"bull:p"})"));
  options.fail_parent_on_failure = false;
  options.remove_dependency_on_failure = true;
  EXPECT_EQ(json::parse(parent_json(options)), json::parse(R"({"id":"1","queueKey":"bull:p","rdof":true})"));
  options.fail_parent_on_failure = options.ignore_dependency_on_failure = options.continue_parent_on_failure =
      true;
  EXPECT_EQ(json::parse(parent_json(options)),
            json::parse(R"({"id":"1","queueKey":"bull:p","rdof":true,"fpof":true,"idof":true,"cpof":true})"));
}

}  // namespace
}  // namespace bullmq::detail
