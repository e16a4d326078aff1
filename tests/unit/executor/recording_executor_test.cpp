#include "support/recording_executor.hpp"

#include <gtest/gtest.h>

namespace shunt::testing {
namespace {

TEST(RecordingExecutor, RemembersWhatItWasAskedAndAnswersWhatItWasTold) {
  RecordingExecutor recording;
  const auto id = *GenerationId::parse("gen_0190a0b0c0d070008000000000000001");
  recording.on_submit = [&](const GenerationRequest&) { return executor::Accepted{id}; };
  GenerationRequest request;
  request.model = "m";
  bool accepted = false;
  recording.submit(request, [&](const executor::SubmitOutcome& outcome) {
    accepted = std::holds_alternative<executor::Accepted>(outcome);
  });
  EXPECT_TRUE(accepted);
  ASSERT_EQ(recording.submitted().size(), 1U);
  EXPECT_EQ(recording.submitted()[0].model, "m");
  recording.cancel(id, "", [](const auto&) {});
  EXPECT_EQ(recording.cancelled(), std::vector<GenerationId>{id});
}

TEST(RecordingExecutor, RefusesWhenNobodySetItUp) {
  RecordingExecutor recording;
  bool refused = false;
  recording.submit({}, [&](const executor::SubmitOutcome& outcome) {
    refused = std::holds_alternative<executor::Refused>(outcome);
  });
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace shunt::testing
