#include <gtest/gtest.h>

#include "bullmq/job_options.hpp"

namespace bullmq {
namespace {

JobOptions options(const char* json) {
  return job_options_from_json(json);
}

struct Case {
  const char* defaults;
  const char* given;
  const char* expected;
};

TEST(MergeOptions, TakesWhatTheJobSaysAndTheQueueOtherwise) {
  const Case cases[] = {
      {"{}", "{}", "{}"},
      {R"({"attempts":3})", "{}", R"({"attempts":3})"},
      {"{}", R"({"attempts":3})", R"({"attempts":3})"},
      {R"({"attempts":3,"delay":5})", R"({"attempts":1})", R"({"attempts":1,"delay":5})"},
      {R"({"lifo":true})", R"({"lifo":false})", R"({"lifo":false})"},
      {R"({"attempts":3})", R"({"attempts":0})", R"({"attempts":0})"},
      // Member by member at the top, not below it: as Node's spread.
      {R"({"backoff":{"type":"fixed","delay":5}})", R"({"backoff":{"type":"exponential"}})",
       R"({"backoff":{"type":"exponential"}})"},
      {R"({"removeOnFail":{"age":5}})", R"({"removeOnFail":7})", R"({"removeOnFail":7})"},
      {R"({"telemetry":{"metadata":"a"}})", R"({"attempts":1})",
       R"({"attempts":1,"telemetry":{"metadata":"a"}})"},
      {R"({"x":1,"y":{"a":1}})", R"({"y":{"b":2},"z":3})", R"({"x":1,"y":{"b":2},"z":3})"},
      {R"({"x":1})", R"({"attempts":1})", R"({"x":1,"attempts":1})"},
      {R"({"attempts":1})", R"({"x":1})", R"({"x":1,"attempts":1})"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(merge(options(c.defaults), options(c.given)), options(c.expected))
        << c.defaults << " " << c.given;
}

TEST(MergeOptions, GivesNoJobTheIdOfTheDefaults) {
  const JobOptions defaults = options(R"({"jobId":"same"})");
  EXPECT_EQ(merge(defaults, {}).job_id, std::nullopt);
  EXPECT_EQ(merge(defaults, options(R"({"jobId":"own"})")).job_id, "own");
}

TEST(MergeOptions, KeepsExtraOptionsThatAreNoObject) {
  JobOptions broken;
  broken.extra = "[";
  EXPECT_EQ(merge(options(R"({"x":1})"), broken).extra, "[");
  EXPECT_EQ(merge(broken, options(R"({"x":1})")).extra, R"({"x":1})");
}

}  // namespace
}  // namespace bullmq
