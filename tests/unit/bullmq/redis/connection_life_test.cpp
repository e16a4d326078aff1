#include "redis/connection_life.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bullmq::detail {
namespace {

using namespace std::chrono_literals;

constexpr ConnectionLife::Instant kStart{1h};

std::string shown(const ConnectionTarget& target) {
  if (std::holds_alternative<ToSocket>(target)) return "socket";
  if (std::holds_alternative<ToPrimaryOfSentinels>(target)) return "sentinels";
  if (std::holds_alternative<ToSlotOwner>(target)) return "cluster";
  return std::get<ToAddress>(target).address.host;
}

ConnectionOptions cluster() {
  ConnectionOptions options;
  options.cluster.emplace().seeds.push_back({"seed", 7000});
  return options;
}

TEST(ConnectionLife, ConnectsToWhatTheOptionsSay) {
  const ConnectionLife life;
  ConnectionOptions options;
  EXPECT_EQ(shown(life.target(options)), "127.0.0.1");
  EXPECT_EQ(shown(life.target(cluster())), "cluster");
  options.sentinel.emplace();
  EXPECT_EQ(shown(life.target(options)), "sentinels");
  options.unix_socket = "/run/redis.sock";
  EXPECT_EQ(shown(life.target(options)), "socket");
}

TEST(ConnectionLife, FollowsARedirectOnce) {
  ConnectionLife life;
  life.came_up(kStart);
  life.leave_for(RedisAddress{"moved", 7001});
  EXPECT_TRUE(life.is_up() && !life.may_send());
  life.lost("the server is not the one to talk to", kStart + 10s);
  // Commands wait meanwhile, whatever the options say.
  EXPECT_TRUE(life.takes_commands(false));
  EXPECT_EQ(shown(life.target(cluster())), "moved");
  life.attempt_failed("refused");
  EXPECT_FALSE(life.takes_commands(false));
  EXPECT_EQ(shown(life.target(cluster())), "cluster");
}

TEST(ConnectionLife, ForgetsTheRedirectThatItHasFollowed) {
  ConnectionLife life;
  life.came_up(kStart);
  life.leave_for(RedisAddress{"moved", 7001});
  life.lost("leaving", kStart + 10s);
  life.came_up(kStart + 11s);
  EXPECT_EQ(shown(life.target(cluster())), "cluster");
  life.lost("broken", kStart + 20s);
  EXPECT_FALSE(life.takes_commands(false));
  EXPECT_TRUE(life.takes_commands(true));
}

TEST(ConnectionLife, LooksForTheNewPrimaryOfAReplica) {
  ConnectionLife life;
  life.came_up(kStart);
  life.leave_for(std::nullopt);
  EXPECT_EQ(life.phase(), ConnectionPhase::leaving);
  EXPECT_EQ(shown(life.target(cluster())), "cluster");
}

TEST(ConnectionLife, AsksAnotherNodeFirstAfterEachFailure) {
  ConnectionLife life;
  EXPECT_EQ(life.first_to_ask(), 0U);
  life.attempt_failed("a");
  life.attempt_failed("b");
  EXPECT_EQ(life.first_to_ask(), 2U);
  EXPECT_EQ(life.last_error(), "b");
  life.came_up(kStart);
  EXPECT_EQ(life.last_error(), "");
}

// Which pause comes before the next attempt.
TEST(ConnectionLife, PacesItsAttempts) {
  ConnectionLife life;
  EXPECT_EQ(life.failures_to_pause_for(), 0U);
  for (unsigned failures = 1; failures < 10; ++failures) {
    life.attempt_failed("refused");
    EXPECT_EQ(life.failures_to_pause_for(), failures);
  }
  life.came_up(kStart);
  life.lost("broken", kStart + 1h);
  EXPECT_EQ(life.failures_to_pause_for(), 0U) << "after a long life at once";
  life.came_up(kStart);
  life.lost("broken", kStart + 1ms);
  EXPECT_EQ(life.failures_to_pause_for(), 0U) << "after a first short life at once";
  life.came_up(kStart);
  life.lost("broken", kStart + 1ms);
  EXPECT_EQ(life.failures_to_pause_for(), 2U);
  for (int i = 0; i < 10; ++i) {
    life.came_up(kStart);
    life.lost("broken", kStart + 1ms);
  }
  EXPECT_EQ(life.failures_to_pause_for(), 3U) << "it does come up, so no pause grows beyond the third";
  life.attempt_failed("refused");
  EXPECT_EQ(life.failures_to_pause_for(), 4U);
}

TEST(ConnectionLife, OperationsOfAnEarlierConnectionAreToldApart) {
  ConnectionLife life;
  const auto before = life.epoch();
  life.came_up(kStart);
  const auto first = life.epoch();
  EXPECT_NE(first, before);
  life.leave_for(std::nullopt);
  EXPECT_EQ(life.epoch(), first) << "its answers still come";
  life.lost("broken", kStart + 1s);
  const auto lost = life.epoch();
  EXPECT_NE(lost, first);
  life.lost("broken again", kStart + 2s);
  EXPECT_EQ(life.epoch(), lost) << "it is lost once";
  life.came_up(kStart + 3s);
  EXPECT_EQ(life.times_up(), 2U);
  life.close();
  EXPECT_TRUE(life.is_closed() && !life.is_up() && !life.may_send());
}

TEST(ConnectionLife, AClosedOneStaysClosed) {
  ConnectionLife life;
  life.came_up(kStart);
  life.close();
  life.lost("broken", kStart);
  life.leave_for(RedisAddress{"moved", 7001});
  EXPECT_TRUE(life.is_closed());
}

}  // namespace
}  // namespace bullmq::detail
