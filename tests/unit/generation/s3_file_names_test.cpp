#include "s3_file_names.hpp"

#include <gtest/gtest.h>

#include "shunt/base/digest.hpp"

namespace shunt::generation::s3 {
namespace {

using std::chrono::milliseconds;

const std::string kDigest = sha256_hex("x");
const std::string kId(32, 'a');
constexpr WallTime kUntil{milliseconds(1'800'000'000'000)};

TEST(S3FileNames, SayWhatTheySaid) {
  for (const auto kind : {CallerEntry::Kind::kFile, CallerEntry::Kind::kUse, CallerEntry::Kind::kClaim}) {
    for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{12345}, ~std::uint64_t{0}}) {
      const CallerEntry entry{kind, kId, kDigest, bytes, kUntil};
      EXPECT_EQ(decode_entry(encode_entry(entry)), entry) << encode_entry(entry);
      EXPECT_EQ(decode_entry_name(entries_of_caller("key:a") + encode_entry(entry)), entry);
    }
  }
  for (const std::string& holder : {"file-" + kId, "use-" + kId}) {
    const Mark mark{kDigest, kUntil, holder};
    EXPECT_EQ(decode_holder_name(holder_name(mark)), mark);
    EXPECT_TRUE(holder_name(mark).starts_with(holders_of(kDigest)));
  }
  const Mark remover{kDigest, kUntil, kId};
  EXPECT_EQ(decode_remover_name(remover_name(remover)), remover);
  EXPECT_EQ(decode_object_name(object_name(kDigest)), kDigest);
}

TEST(S3FileNames, OfAFileBeginsWithItsId) {
  const CallerEntry entry{CallerEntry::Kind::kFile, kId, kDigest, 5, kUntil};
  EXPECT_TRUE(
      (entries_of_caller("key:a") + encode_entry(entry)).starts_with(entry_of_file("key:a", "file-" + kId)));
}

TEST(S3FileNames, ATimeThatNoneCanBeIsTheFirstOrTheLast) {
  EXPECT_EQ(decode_holder_name(holder_name({kDigest, WallTime::min(), "use-" + kId}))->until, WallTime{});
  EXPECT_EQ(decode_holder_name(holder_name({kDigest, WallTime::max(), "use-" + kId}))->until,
            WallTime(milliseconds(kLatestMs)));
}

TEST(S3FileNames, OfOthersAreNone) {
  const std::string entry = "file-" + kId + '-' + kDigest + "-5-001800000000000";
  ASSERT_TRUE(decode_entry(entry));
  const std::string upper(64, 'A');
  for (const std::string& wrong :
       {std::string(), std::string("file-"), entry + "0", entry.substr(1), entry.substr(0, entry.size() - 1),
        "files-" + kId + '-' + kDigest + "-5-001800000000000",
        "file-" + kId + '-' + upper + "-5-001800000000000",
        "file-" + kId + '-' + kDigest + "-05-001800000000000",
        "file-" + kId + '-' + kDigest + "--001800000000000",
        "file-" + kId + '-' + kDigest + "--5-001800000000000",
        "file-" + kId + '-' + kDigest + "-5-999999999999999",
        "file-" + kId + '-' + kDigest + "-18446744073709551616-001800000000000",
        "file-" + kId.substr(1) + "/-" + kDigest + "-5-001800000000000"}) {
    EXPECT_FALSE(decode_entry(wrong)) << wrong;
    EXPECT_FALSE(decode_entry_name(entries_of_caller("a") + wrong)) << wrong;
  }
  const std::string mark = kDigest + "/001800000000000-use-" + kId;
  ASSERT_TRUE(decode_holder_name("held/" + mark));
  for (const std::string& wrong :
       {mark, "removing/" + mark, "held/" + mark + "0", "held/x" + mark.substr(1),
        "held/" + kDigest + "/001800000000000-use-" + std::string(32, '/'),
        "held/" + kDigest + "/1800000000000-use-" + kId, "held/" + kDigest + "/001800000000000-" + kId}) {
    EXPECT_FALSE(decode_holder_name(wrong)) << wrong;
  }
  EXPECT_FALSE(decode_remover_name("removing/" + mark));
  EXPECT_FALSE(decode_object_name("objects/" + kDigest + '/'));
  EXPECT_FALSE(decode_object_name("objects/" + upper));
}

}  // namespace
}  // namespace shunt::generation::s3
