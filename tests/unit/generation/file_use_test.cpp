#include "file_use.hpp"

#include <gtest/gtest.h>

namespace shunt::generation {
namespace {

constexpr WallTime kNow{std::chrono::milliseconds(1'800'000'000'000)};
const std::string kDigest(64, 'a');
const std::string kOther(64, 'b');

StoredUse use(const std::string& sha256, std::uint64_t bytes, WallTime until = kNow + std::chrono::hours(1)) {
  return {.sha256 = sha256, .bytes = bytes, .holder = "use-" + std::string(32, '0'), .until = until};
}

TEST(StoredUse, IsReadFromItsName) {
  const auto read = decode_use_name(encode_use_name(use(kDigest, 17)), kNow);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->sha256, kDigest);
  EXPECT_EQ(read->bytes, 17U);
  EXPECT_EQ(read->holder, "use-" + std::string(32, '0'));
  EXPECT_EQ(read->until, kNow);
}

TEST(StoredUse, IsNotReadFromAnyOtherName) {
  const std::string good = encode_use_name(use(kDigest, 17));
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(decode_use_name(good.substr(0, length), kNow)) << length;
  }
  const std::string holder(32, '0');
  for (const std::string& name :
       {"use-" + std::string(64, 'G') + "-17-" + holder, "use-" + kDigest + "--" + holder,
        "use-" + kDigest + "--1-" + holder, "use-" + kDigest + "-17-" + std::string(31, '0') + '/',
        "use-" + kDigest + "-99999999999999999999-" + holder, "use-" + kDigest + "x17-" + holder,
        "use-" + kDigest + "-1 7-" + holder}) {
    EXPECT_FALSE(decode_use_name(name, kNow)) << name;
  }
}

TEST(FileQuota, CountsWhatIsKeptAndWhatIsUsed) {
  const std::vector<FileRecord> kept{{.sha256 = kDigest, .bytes = 10}};
  const std::uint64_t huge = ~std::uint64_t{0};
  struct Case {
    const char* what;
    std::vector<StoredUse> uses;
    std::string sha256;
    std::uint64_t more;
    FileEntry entry;
    FileQuota quota;
    bool fits;
  };
  const std::vector<Case> cases{
      {"all of it", {}, kOther, 10, FileEntry::kRecord, {.max_bytes = 20}, true},
      {"a byte more", {}, kOther, 11, FileEntry::kRecord, {.max_bytes = 20}, false},
      {"no limit", {}, kOther, huge, FileEntry::kRecord, {}, true},
      {"one file more", {}, kOther, 1, FileEntry::kRecord, {.max_files = 1}, false},
      {"a use is no file", {}, kOther, 1, FileEntry::kUse, {.max_files = 1}, true},
      {"a use of what is kept", {use(kDigest, 10)}, kOther, 10, FileEntry::kRecord, {.max_bytes = 20}, true},
      {"a use of what is not", {use(kOther, 10)}, "c", 1, FileEntry::kRecord, {.max_bytes = 20}, false},
      {"two uses of the same",
       {use(kOther, 9), use(kOther, 9)},
       "c",
       1,
       FileEntry::kUse,
       {.max_bytes = 20},
       true},
      {"a use that is over", {use(kOther, 9, kNow)}, "c", 10, FileEntry::kUse, {.max_bytes = 20}, true},
      {"once more what is used", {use(kOther, 90)}, kOther, 90, FileEntry::kUse, {.max_bytes = 20}, true},
      {"a size that wraps", {use(kOther, huge)}, "c", 1, FileEntry::kUse, {.max_bytes = 20}, false},
  };
  for (const Case& each : cases) {
    const auto checked =
        check_file_quota(kept, each.uses, each.sha256, each.more, each.entry, each.quota, kNow);
    EXPECT_EQ(checked.ok(), each.fits) << each.what;
    if (!checked) {
      EXPECT_EQ(checked.error().code, "file_quota_exceeded") << each.what;
    }
  }
}

}  // namespace
}  // namespace shunt::generation
