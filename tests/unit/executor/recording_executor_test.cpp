#include "shunt/executor/recording_executor.hpp"

#include <gtest/gtest.h>

namespace shunt::executor {
namespace {

TEST(RecordingExecutor, RemembersWhatItWasAskedAndAnswersWhatItWasTold) {
  RecordingExecutor executor;
  const auto id = *GenerationId::parse("gen_0190a0b0c0d070008000000000000001");
  executor.on_submit = [&](const GenerationRequest&) { return Accepted{id}; };
  GenerationRequest request;
  request.model = "m";
  bool accepted = false;
  executor.submit(
      request, [&](const SubmitOutcome& outcome) { accepted = std::holds_alternative<Accepted>(outcome); });
  EXPECT_TRUE(accepted);
  ASSERT_EQ(executor.submitted().size(), 1U);
  EXPECT_EQ(executor.submitted()[0].model, "m");
  executor.cancel(id, "", [](const auto&) {});
  EXPECT_EQ(executor.cancelled(), std::vector<GenerationId>{id});
}

TEST(RecordingExecutor, RefusesWhenNobodySetItUp) {
  RecordingExecutor executor;
  bool refused = false;
  executor.submit({},
                  [&](const SubmitOutcome& outcome) { refused = std::holds_alternative<Refused>(outcome); });
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace shunt::executor
