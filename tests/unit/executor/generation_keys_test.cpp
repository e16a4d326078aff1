#include "queue/records/generation_keys.hpp"

#include <gtest/gtest.h>

#include "queue/records/notification_records.hpp"
#include "shunt/generation/generation_id.hpp"

namespace shunt::executor {
namespace {

TEST(QueueName, IsTheModelsWithColonsEncoded) {
  EXPECT_EQ(queue_name("speech"), "speech");
  EXPECT_EQ(queue_name("qwen2:0.5b"), "qwen2%3A0.5b");
  EXPECT_EQ(queue_name("org/model-1.2_x"), "org/model-1.2_x");
  EXPECT_EQ(queue_name("a:b:c"), "a%3Ab%3Ac");
  EXPECT_EQ(queue_name("gr\xC3\xBC"), "gr\xC3\xBC");
}

TEST(GenerationKeys, LieBesideTheQueuesAndNeverMeetThem) {
  const GenerationKeys keys("{shunt}");
  EXPECT_EQ(keys.queue("qwen2:0.5b"), "{shunt}:qwen2%3A0.5b");
  EXPECT_EQ(keys.base, "{shunt}::gen:");
  EXPECT_EQ(keys.notifications("api-1"), "{shunt}::gen:in:api-1");
  EXPECT_EQ(keys.record("gen_1"), "{shunt}::gen:r:gen_1");
  EXPECT_EQ(keys.being_removed("ab"), "{shunt}::gen:going:ab");
  EXPECT_EQ(keys.open("a:b"), "{shunt}::gen:o:{shunt}:a%3Ab");
  EXPECT_EQ(keys.of_scripts(), (std::vector<std::string>{"{shunt}::gen:", "{shunt}::gen:-"}));
}

TEST(FirstIdAt, IsNotAfterAnyIdOfThatMoment) {
  GenerationIdSource ids(system_clock());
  const WallTime before = system_clock().now();
  const std::string id = ids.next().to_string();
  EXPECT_LE(first_id_at(before), id);
  EXPECT_GT(first_id_at(system_clock().now() + std::chrono::seconds(1)), id);
}

TEST(StreamEntries, AreOrderedByTimeThenNumber) {
  EXPECT_TRUE(precedes("9-0", "10-0"));
  EXPECT_TRUE(precedes("10-9", "10-10"));
  EXPECT_FALSE(precedes("10-1", "10-1"));
  EXPECT_FALSE(precedes("11-0", "10-5"));
  EXPECT_TRUE(precedes("0-0", "1763912587042-0"));
}

}  // namespace
}  // namespace shunt::executor
