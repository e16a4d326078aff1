#include "drivers/cog/cog_prediction.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::cog {
namespace {

TEST(CogPrediction, IsReadAsTheContainerTellsIt) {
  const auto read = read_prediction(
      R"({"id":"p2","logs":"step 0\n","metrics":{"predict_time":0.9},"output":[" a0"," a1"],"status":"succeeded"})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->status, PredictionStatus::kSucceeded);
  EXPECT_EQ(read->logs, "step 0\n");
  EXPECT_EQ(to_json_text(read->output), R"([" a0"," a1"])");
  EXPECT_EQ(read->metrics.at("predict_time"), 0.9);
  EXPECT_EQ(read_prediction(R"({"status":"failed","error":"it broke"})")->error, "it broke");
  EXPECT_EQ(read_prediction(R"({"status":"canceled"})")->status, PredictionStatus::kCanceled);
  EXPECT_EQ(read_prediction(R"({"status":"starting"})")->status, PredictionStatus::kRunning);
}

TEST(CogPrediction, IsNothingElse) {
  for (const std::string_view text : {"", "null", "[]", "{}", R"({"status":7})", R"({"status":"well"})", "{]",
                                      R"({"status":"succeeded","output":1e999})"}) {
    const auto read = read_prediction(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, error_code::kUpstreamBroken);
  }
}

TEST(CogPrediction, StreamsItsEvents) {
  using Kind = StreamEvent::Kind;
  EXPECT_EQ(read_event("output", R"({"chunk":"Onions","index":0})")->chunk, "Onions");
  EXPECT_EQ(read_event("log", R"({"source":"stderr","data":"hm\n"})")->text, "hm\n");
  EXPECT_EQ(read_event("error", R"({"error":"dropped"})")->text, "dropped");
  EXPECT_EQ(read_event("completed", R"({"status":"failed","error":"x"})")->prediction.error, "x");
  for (const std::string_view other : {"start", "metric", "", "news"}) {
    EXPECT_EQ(read_event(other, "{]")->kind, Kind::kNothing) << other;
  }
  EXPECT_FALSE(read_event("output", "{]").ok());
  EXPECT_FALSE(read_event("completed", "{}").ok());
}

}  // namespace
}  // namespace shunt::generation::cog
