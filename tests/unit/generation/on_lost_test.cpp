#include "shunt/generation/on_lost.hpp"

#include <gtest/gtest.h>

namespace shunt::generation {
namespace {

TEST(OnLost, IsToldByName) {
  for (const OnLost on_lost : {OnLost::kRerun, OnLost::kFail})
    EXPECT_EQ(parse_on_lost(on_lost_name(on_lost)), on_lost);
  EXPECT_FALSE(parse_on_lost("").has_value());
  EXPECT_FALSE(parse_on_lost("Fail").has_value());
}

TEST(OnLost, DecidesWhetherAGenerationMayRunAgain) {
  struct Row {
    Setback setback;
    const char* name;
    bool rerun;
    bool fail;
  };
  const Row table[] = {
      {Setback::kSubmitRefused, "the queue refused it", true, true},
      {Setback::kSubmitUnknown, "whether the queue has it is not known", false, false},
      {Setback::kLostBeforeBegin, "its worker was lost before it began", true, true},
      {Setback::kLost, "its worker was lost after that", true, false},
      {Setback::kGivenBack, "its worker stops over it", true, false},
      {Setback::kNotConnected, "no connection, or no TLS", true, true},
      {Setback::kNotWritten, "the request was not written to its end", true, true},
      {Setback::kRateLimited, "429", true, true},
      {Setback::kLoading, "503 that means loading", true, true},
      {Setback::kWritten, "the request was written, and nothing came", true, false},
      {Setback::kAnswered, "another bad status", true, false},
      {Setback::kFailed, "the generator failed", true, false},
  };
  for (const Row& row : table) {
    EXPECT_EQ(may_run_again(OnLost::kRerun, row.setback), row.rerun) << row.name;
    EXPECT_EQ(may_run_again(OnLost::kFail, row.setback), row.fail) << row.name;
  }
}

}  // namespace
}  // namespace shunt::generation
