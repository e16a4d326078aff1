#include "shunt/executor/redis/redis_fault.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "bullmq/error.hpp"

namespace shunt::executor {
namespace {

TEST(RedisFault, IsUnavailableWhenTheServerIsNotThereOrTakesNoCommandsNow) {
  EXPECT_EQ(kind_of_fault(bullmq::ConnectionError(bullmq::Fate::unknown, "gone")),
            FaultLog::Kind::kUnavailable);
  EXPECT_EQ(kind_of_fault(bullmq::CommandTimeoutError(bullmq::Fate::unknown, "late")),
            FaultLog::Kind::kUnavailable);
  for (const char* message :
       {"LOADING Redis is loading the dataset in memory",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "READONLY You can't write against a read only replica.", "MASTERDOWN Link with MASTER is down",
        "NOREPLICAS Not enough good replicas to write.", "CLUSTERDOWN The cluster is down",
        "BUSY Redis is busy", "MISCONF Errors writing to the AOF file",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "ERR Error running script (call to f_1): @user_script:9: @user_script: 9: -OOM command not "
        "allowed"}) {
    EXPECT_EQ(kind_of_fault(bullmq::RedisError(message)), FaultLog::Kind::kUnavailable) << message;
  }
}

TEST(RedisFault, IsAFaultWhenSomebodyShouldLookAtIt) {
  for (const char* message : {"WRONGTYPE Operation against a key holding the wrong kind of value",
                              "NOPERM this user has no permissions", "NOAUTH Authentication required.",
                              "ERR unknown command", "OOMPH is no word of Redis"}) {
    EXPECT_EQ(kind_of_fault(bullmq::RedisError(message)), FaultLog::Kind::kFault) << message;
  }
  EXPECT_EQ(kind_of_fault(std::out_of_range("vector::at")), FaultLog::Kind::kFault);
}

TEST(RedisFault, OfOnePartIsNotedAndOneOfTheServerEndsTheRound) {
  FaultLog faults;
  try {
    throw std::out_of_range("vector::at");
  } catch (...) {
    EXPECT_NO_THROW(note_part(faults, "settle"));
  }
  try {
    throw bullmq::ConnectionError(bullmq::Fate::unknown, "gone");
  } catch (...) {
    EXPECT_THROW(note_part(faults, "settle"), bullmq::ConnectionError);
  }
  ASSERT_EQ(faults.counts().size(), 1U);
  EXPECT_EQ(faults.counts()[0].name, "settle");
}

}  // namespace
}  // namespace shunt::executor
