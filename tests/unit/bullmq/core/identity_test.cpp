#include "core/identity.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace bullmq::detail {
namespace {

TEST(Identity, WritesBase64AsTheStandardSays) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xff\xfe\xfd", "//79"},
      {"\xfb\xef\xbe", "++++"},
      {"größe", "Z3LDtsOfZQ=="},
  };
  for (const auto& [bytes, text] : vectors) EXPECT_EQ(base64(bytes), text);
  EXPECT_EQ(base64(std::string_view("\0\0\0", 3)), "AAAA");
}

TEST(Identity, NamesConnectionsAsGetWorkersLooksForThem) {
  EXPECT_EQ(client_name("bull", "paint"), "bull:cGFpbnQ=");
  EXPECT_EQ(client_name("{x}", "paint", ":w:one"), "{x}:cGFpbnQ=:w:one");
  EXPECT_EQ(client_name("bull", "paint", ":qe"), "bull:cGFpbnQ=:qe");
}

TEST(Identity, MakesRandomUuidsThatDiffer) {
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string uuid = make_uuid();
    EXPECT_TRUE(std::regex_match(uuid, form)) << uuid;
    EXPECT_TRUE(seen.insert(uuid).second) << uuid;
  }
}

TEST(Identity, CountsTimeInMillisecondsSinceTheEpoch) {
  const Timestamp first = now_ms();
  EXPECT_GT(first, 1'700'000'000'000);
  EXPECT_LT(first, 10'000'000'000'000);
}

}  // namespace
}  // namespace bullmq::detail
