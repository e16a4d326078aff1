#include "queue/worker/unreadable_job.hpp"

#include <gmock/gmock.h>

#include "shunt/generation/envelope.hpp"

namespace shunt::executor {
namespace {

using std::chrono::seconds;
using ::testing::StartsWith;

const WallTime kNow{std::chrono::milliseconds(1'700'000'000'000)};

UnreadableJob decide(const std::string& data, std::int64_t starts = 1) {
  const auto envelope = decode_envelope(data);
  EXPECT_FALSE(envelope) << data;
  return decide_unreadable(envelope.error(), data, starts, kNow);
}

TEST(UnreadableJob, ThatNoVersionCouldReadFailsAtOnce) {
  for (const char* data : {"",
                           "null",
                           "17",
                           "[]",
                           "\"text\"",
                           "{",
                           "{}",
                           R"({"v":null})",
                           R"({"v":"2"})",
                           R"({"v":1.5})",
                           R"({"v":0})",
                           R"({"v":-1})",
                           R"({"v":true})",
                           R"({"v":1})",
                           R"({"v":2})",
                           R"({"v":99999999999999999999})",
                           R"({"V":2})",
                           R"({"v":[2]})",
                           "{\"v\":2",
                           "\xff\xfe",
                           R"({"model":"echo","input":{}})"}) {
    const auto decided = decide(data);
    const auto* given_up = std::get_if<GiveJobUp>(&decided);
    ASSERT_NE(given_up, nullptr) << data;
    EXPECT_THAT(given_up->reason, ::testing::HasSubstr(": the job's data is no envelope: ")) << data;
    EXPECT_LT(given_up->reason.size(), 1'100U);
  }
}

TEST(UnreadableJob, OfALaterVersionIsPutBackWithGrowingPausesAndGivenUpInTheEnd) {
  const std::string later = R"({"v":99,"anything":"else"})";
  const std::vector<std::pair<std::int64_t, int>> pauses{{0, 5},  {1, 5},  {2, 10}, {3, 20},
                                                         {4, 40}, {5, 60}, {59, 60}};
  for (const auto& [starts, pause] : pauses) {
    const auto decided = decide(later, starts);
    ASSERT_TRUE(std::holds_alternative<PutJobBack>(decided)) << starts;
    EXPECT_EQ(std::get<PutJobBack>(decided).delay, seconds(pause)) << starts;
  }
  for (const std::int64_t starts : {kMostStartsOfUnreadable, std::int64_t{1'000'000}}) {
    const auto decided = decide(later, starts);
    ASSERT_TRUE(std::holds_alternative<GiveJobUp>(decided)) << starts;
    EXPECT_THAT(std::get<GiveJobUp>(decided).reason, StartsWith("unsupported_envelope: "));
  }
}

TEST(UnreadableJob, OfALaterVersionWaitsNoLongerThanItsDeadline) {
  EXPECT_TRUE(std::holds_alternative<PutJobBack>(decide(R"({"v":99,"deadline":1700000000001})")));
  const auto late = decide(R"({"v":99,"deadline":1700000000000})");
  ASSERT_TRUE(std::holds_alternative<GiveJobUp>(late));
  EXPECT_THAT(std::get<GiveJobUp>(late).reason, StartsWith("deadline_exceeded: "));
}

TEST(UnreadableJob, IsNotQuotedWithoutBounds) {
  const auto decided = decide(R"({"v":")" + std::string(1'000'000, 'x') + "\"}");
  EXPECT_LT(std::get<GiveJobUp>(decided).reason.size(), 1'100U);
}

}  // namespace
}  // namespace shunt::executor
