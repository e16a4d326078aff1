#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "file_store_places.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::generation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr WallTime kNow{milliseconds(1'800'000'000'000)};

// What every store of files does, wherever the bytes lie.
class FileStoreTest : public ::testing::TestWithParam<PlaceMaker> {
 protected:
  std::unique_ptr<FileUpload> uploaded(std::string_view bytes) {
    auto upload = store_->begin_upload();
    EXPECT_TRUE(upload.ok());
    EXPECT_TRUE((*upload)->append(bytes).ok());
    return std::move(*upload);
  }
  Result<FileRecord> keep(std::string_view bytes, const std::string& caller = "key:a", FileQuota quota = {}) {
    const auto upload = uploaded(bytes);
    return store_->keep(*upload,
                        {.caller = caller,
                         .filename = "cat.png",
                         .purpose = "user_data",
                         .media_type = "image/png",
                         .created_at = kNow,
                         .expires_at = kNow + hours(1)},
                        quota);
  }
  static FileUse use(const std::string& caller, hours life, FileQuota quota = {}) {
    return {.caller = caller, .now = kNow, .until = kNow + life, .quota = quota};
  }
  std::string bytes_of(const FileRecord& record) {
    auto read = store_->read(record.sha256, record.bytes, 0, static_cast<std::size_t>(record.bytes));
    return read ? *read : std::string(read.error().code.text());
  }
  void expire(WallTime now) {
    for (int part = 0; part < 256; ++part) EXPECT_TRUE(store_->expire(now).ok());
  }

  const std::unique_ptr<FileStorePlace> place_ = GetParam()();
  const std::unique_ptr<FileStore> store_ = place_->store();
};

std::string place_name(const ::testing::TestParamInfo<PlaceMaker>& place) {
  constexpr std::array kNames{"Folder", "Bucket", "Noted"};
  return kNames.at(place.index);
}

INSTANTIATE_TEST_SUITE_P(Places, FileStoreTest,
                         ::testing::Values(make_folder_place, make_bucket_place, make_noted_place),
                         place_name);

TEST_P(FileStoreTest, KeepsAFileWithItsDigest) {
  const auto kept = keep("hello");
  ASSERT_TRUE(kept.ok());
  EXPECT_TRUE(is_file_id(kept->id));
  EXPECT_EQ(kept->sha256, sha256_hex("hello"));
  EXPECT_EQ(bytes_of(*kept), "hello");
  const auto found = store_->find("key:a", kept->id, kNow);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->filename, "cat.png");
  EXPECT_EQ((*found)->expires_at, kNow + hours(1));
}

TEST_P(FileStoreTest, AnUploadThatIsDroppedLeavesNothing) {
  {
    const auto upload = uploaded("hello");
  }
  EXPECT_EQ(place_->files_left(), 0U);
}

TEST_P(FileStoreTest, NobodyFindsOrRemovesAnotherCallersFile) {
  const auto kept = keep("hello", "key:a");
  for (const char* const other : {"key:b", "", "key:a "}) {
    EXPECT_FALSE(store_->find(other, kept->id, kNow)->has_value()) << other;
    EXPECT_FALSE(*store_->remove(other, kept->id)) << other;
    EXPECT_TRUE(store_->list(other, kNow)->empty()) << other;
  }
  EXPECT_EQ(bytes_of(*kept), "hello");
}

TEST_P(FileStoreTest, AnIdThatIsNoneNeverBecomesAPath) {
  for (const std::string& id : {std::string("../../etc/passwd"), std::string("file-"),
                                "file-" + std::string(32, 'G'), "file-" + std::string(31, '0') + '/'}) {
    EXPECT_FALSE(store_->find("", id, kNow)->has_value()) << id;
    EXPECT_FALSE(*store_->remove("", id)) << id;
  }
  EXPECT_EQ(store_->read("../../../etc/passwd", 1, 0, 1).error().code, "file_gone");
}

TEST_P(FileStoreTest, OneCallersRemovalLeavesAnothersSameBytes) {
  const auto first = keep("hello", "key:a");
  const auto second = keep("hello", "key:b");
  EXPECT_TRUE(*store_->remove("key:a", first->id));
  EXPECT_EQ(bytes_of(*second), "hello");
  EXPECT_TRUE(*store_->remove("key:b", second->id));
  EXPECT_EQ(bytes_of(*second), "file_gone");
  EXPECT_EQ(place_->files_left(), 0U);
}

TEST_P(FileStoreTest, AGenerationHoldsBytesBeyondTheirFilesRemovalAndLife) {
  const auto kept = keep("hello");
  const FileReference file{.sha256 = kept->sha256, .bytes = kept->bytes, .media_type = "image/png"};
  ASSERT_TRUE(store_->hold(file, use("key:a", hours(3))).ok());
  EXPECT_TRUE(*store_->remove("key:a", kept->id));
  expire(kNow + hours(2));
  EXPECT_EQ(bytes_of(*kept), "hello");
  expire(kNow + hours(4));
  EXPECT_EQ(bytes_of(*kept), "file_gone");
  EXPECT_EQ(place_->files_left(), 0U);
  EXPECT_EQ(store_->hold(file, use("key:a", hours(9))).error().code, "file_gone");
  EXPECT_EQ(place_->files_left(), 0U);
}

TEST_P(FileStoreTest, AnUploadIsHeldForAGenerationAlone) {
  const auto upload = uploaded("hello");
  const auto held =
      store_->hold(*upload, {.media_type = "text/plain", .filename = "a.txt"}, use("key:a", hours(1)));
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(held->sha256, sha256_hex("hello"));
  EXPECT_EQ(held->bytes, 5U);
  std::string read;
  EXPECT_TRUE(store_
                  ->read_all(*held,
                             [&](std::string_view piece) -> Result<void> {
                               read += piece;
                               return {};
                             })
                  .ok());
  EXPECT_EQ(read, "hello");
  expire(kNow + hours(2));
  EXPECT_EQ(store_->read(held->sha256, 5, 0, 5).error().code, "file_gone");
}

TEST_P(FileStoreTest, WhatHasExpiredIsNotFoundAndLeavesNothing) {
  const auto kept = keep("hello");
  EXPECT_FALSE(store_->find("key:a", kept->id, kNow + hours(1))->has_value());
  EXPECT_TRUE(store_->list("key:a", kNow + hours(1))->empty());
  expire(kNow + hours(2));
  EXPECT_EQ(place_->files_left(), 0U);
}

TEST_P(FileStoreTest, AQuotaCountsWhatIsKept) {
  ASSERT_TRUE(keep("12345", "key:a", {.max_bytes = 10, .max_files = 2}).ok());
  EXPECT_EQ(keep("123456", "key:a", {.max_bytes = 10, .max_files = 2}).error().code, "file_quota_exceeded");
  EXPECT_TRUE(keep("123456", "key:b", {.max_bytes = 10, .max_files = 2}).ok());
  const auto second = keep("12345", "key:a", {.max_bytes = 10, .max_files = 2});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(keep("", "key:a", {.max_bytes = 10, .max_files = 2}).error().code, "file_quota_exceeded");
  EXPECT_TRUE(*store_->remove("key:a", second->id));
  EXPECT_TRUE(keep("", "key:a", {.max_bytes = 10, .max_files = 2}).ok());
}

TEST_P(FileStoreTest, ManyAtOnceKeepNoMoreThanTheQuota) {
  std::vector<std::thread> threads;
  std::atomic<int> kept{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, &kept] { kept += keep("same", "key:a", {.max_files = 3}) ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(kept, 3);
  EXPECT_EQ(store_->list("key:a", kNow)->size(), 3U);
}

TEST_P(FileStoreTest, BytesThatSomebodyHasChangedAreNotReadAsWhole) {
  const auto kept = keep("hello");
  place_->change_bytes(kept->sha256, "HELLO");
  const FileReference file{.sha256 = kept->sha256, .bytes = 5, .media_type = "a/b"};
  EXPECT_EQ(store_->read_all(file, [](std::string_view) { return Result<void>(); }).error().code,
            "file_store_failed");
  place_->change_bytes(kept->sha256, "HELL");
  EXPECT_EQ(store_->read(kept->sha256, 5, 0, 5).error().code, "file_store_failed");
}

TEST_P(FileStoreTest, ARecordThatIsNoneHidesNoOther) {
  const auto kept = keep("hello");
  place_->leave_record("key:a", "file-" + std::string(32, '0'), "{");
  EXPECT_EQ(store_->list("key:a", kNow)->size(), 1U);
  EXPECT_EQ(store_->find("key:a", "file-" + std::string(32, '0'), kNow).error().code, "file_store_failed");
}

TEST_P(FileStoreTest, ADiskWithoutRoomIsFull) {
  const auto greedy = place_->store(std::uint64_t{1} << 62U);
  auto upload = greedy->begin_upload();
  ASSERT_TRUE(upload.ok());
  EXPECT_EQ((*upload)->append("hello").error().code, "storage_full");
}

TEST_P(FileStoreTest, WhatGenerationsUseCountsForTheQuotaAlsoWhenItsFileIsRemoved) {
  const FileQuota quota{.max_bytes = 10};
  const auto kept = keep("hello", "key:a", quota);
  ASSERT_TRUE(kept.ok());
  const FileReference file{.sha256 = kept->sha256, .bytes = kept->bytes, .media_type = "image/png"};
  ASSERT_TRUE(store_->hold(file, use("key:a", hours(1), quota)).ok());
  EXPECT_TRUE(*store_->remove("key:a", kept->id));
  EXPECT_EQ(keep("other!", "key:a", quota).error().code, "file_quota_exceeded");
  EXPECT_TRUE(keep("other!", "key:b", quota).ok());
  const auto more = uploaded("other!");
  EXPECT_EQ(store_->hold(*more, {.media_type = "a/b"}, use("key:a", hours(1), quota)).error().code,
            "file_quota_exceeded");
  // What is used already may be used once more, and kept while there is room.
  EXPECT_TRUE(store_->hold(file, use("key:a", hours(2), quota)).ok());
  expire(kNow + hours(3));
  EXPECT_TRUE(keep("other!!", "key:a", quota).ok());
}

TEST_P(FileStoreTest, GenerationsOfTheSameTimeHaveOneHolder) {
  const auto kept = keep("hello");
  const FileReference file{.sha256 = kept->sha256, .bytes = kept->bytes, .media_type = "image/png"};
  for (int i = 0; i < 50; ++i) {
    FileUse later = use("key:a", hours(1));
    later.until += std::chrono::seconds(i);
    ASSERT_TRUE(store_->hold(file, later).ok());
  }
  EXPECT_EQ(place_->files_left(), 5U);  // bytes, record and its holder, a use and its holder
  ASSERT_TRUE(store_->hold(file, use("key:a", hours(2))).ok());
  EXPECT_EQ(place_->files_left(), 7U);
}

TEST_P(FileStoreTest, AnUploadRepairsBytesOfAnotherLength) {
  const auto kept = keep("hello");
  ASSERT_TRUE(kept.ok());
  place_->change_bytes(kept->sha256, "hell");
  EXPECT_EQ(bytes_of(*kept), "file_store_failed");
  const auto again = keep("hello");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(bytes_of(*kept), "hello");
  EXPECT_EQ(bytes_of(*again), "hello");
}

TEST(FileRecord, IsReadAsItWasWritten) {
  const FileRecord record{.id = "file-" + std::string(32, 'a'),
                          .caller = "key:\"x\"",
                          .filename = "a\"b.png",
                          .purpose = "vision",
                          .media_type = "image/png",
                          .sha256 = std::string(64, '0'),
                          .bytes = 7,
                          .created_at = kNow,
                          .expires_at = kNow + hours(1)};
  const auto read = decode_file_record(encode_file_record(record));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(encode_file_record(*read), encode_file_record(record));
  EXPECT_EQ(read->caller, record.caller);
}

TEST(MediaTypes, AreInRanges) {
  for (const char* range : {"image/png", "image/*", "*/*"}) {
    EXPECT_TRUE(is_media_range(range)) << range;
    EXPECT_TRUE(is_media_type_in("image/png", {range})) << range;
  }
  for (const char* none :
       {"", "*", "image", "*/png", "image/p*", "image/*x", "image/png; a=b", "image/*;a=b", "a b/c"}) {
    EXPECT_FALSE(is_media_range(none)) << none;
  }
}

TEST(MediaTypes, GiveExtensionsAndTheOtherWayRound) {
  EXPECT_EQ(file_extension("image/PNG; x=y"), ".png");
  EXPECT_EQ(file_extension("image/jpeg"), ".jpg");
  EXPECT_EQ(file_extension("x/y"), ".bin");
  EXPECT_EQ(media_type_of_name("a.b.JPEG"), "image/jpeg");
  EXPECT_EQ(media_type_of_name("png"), "application/octet-stream");
  EXPECT_TRUE(is_media_type_in("image/png", {}));
  EXPECT_TRUE(is_media_type_in("Image/PNG ; q=1", {"text/plain", "image/*"}));
  EXPECT_FALSE(is_media_type_in("imagex/png", {"image/*"}));
  EXPECT_FALSE(is_media_type_in("image/png2", {"image/png"}));
}

}  // namespace
}  // namespace shunt::generation
