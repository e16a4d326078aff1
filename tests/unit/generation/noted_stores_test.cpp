#include "shunt/generation/noted_stores.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "file_store_places.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr WallTime kNow{milliseconds(1'800'000'000'000)};

class NotedFileStoreTest : public ::testing::Test {
 protected:
  FileReference held(const std::string& bytes) {
    const auto store = place_.store();
    auto upload = store->begin_upload();
    EXPECT_TRUE(upload.ok());
    EXPECT_TRUE((*upload)->append(bytes).ok());
    auto reference = store->hold(**upload, {}, {.now = kNow, .until = kNow + hours(1)});
    EXPECT_TRUE(reference.ok());
    return *reference;
  }
  static Result<void> take_all(std::string_view) { return {}; }

  NotedPlace place_;
};

TEST_F(NotedFileStoreTest, AFullDiskIsNoted) {
  const auto full = place_.store(std::uint64_t{1} << 60U);
  const auto upload = full->begin_upload();
  const auto appended = upload ? (*upload)->append("x") : Result<void>(upload.error());
  ASSERT_FALSE(appended.ok());
  EXPECT_EQ(appended.error().code, error_code::kStorageFull);
  EXPECT_EQ(place_.faults(), 1U);
}

TEST_F(NotedFileStoreTest, BytesThatSomebodyHasChangedAreNoted) {
  const FileReference file = held("hello");
  const auto store = place_.store();
  EXPECT_TRUE(store->read_all(file, take_all).ok());
  EXPECT_EQ(place_.faults(), 0U);
  place_.change_bytes(file.sha256, "HELLO");
  EXPECT_FALSE(store->read_all(file, take_all).ok());
  EXPECT_EQ(place_.faults(), 1U);
  place_.change_bytes(file.sha256, "HELL");
  EXPECT_FALSE(store->read(file.sha256, file.bytes, 0, 5).ok());
  EXPECT_EQ(place_.faults(), 2U);
}

TEST_F(NotedFileStoreTest, WhatIsNoFaultOfTheStoreIsNotNoted) {
  const FileReference file = held("hello");
  const auto store = place_.store();
  const auto ended = store->read_all(file, [](std::string_view) -> Result<void> {
    return Error{error_code::kFileStoreFailed, "nobody wants it any more"};
  });
  EXPECT_FALSE(ended.ok());
  const auto gone = store->read(sha256_hex("other"), 5, 0, 5);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, error_code::kFileGone);
  const auto upload = store->begin_upload();
  ASSERT_TRUE((*upload)->append("more").ok());
  const FileUse use{.now = kNow, .until = kNow + hours(1), .quota = {.max_bytes = 1}};
  EXPECT_FALSE(store->hold(**upload, {}, use).ok());
  EXPECT_EQ(place_.faults(), 0U);
}

TEST(NotedArtifactStore, DoesAsTheOtherAndNotesItsFaults) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("shunt-noted-" + random_name());
  FaultLog faults;
  auto made = make_directory_artifact_store(folder);
  ASSERT_TRUE(made.ok());
  const auto store = note_faults(std::move(*made), faults);
  const auto digest = store->put("hello");
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(**store->get(*digest, 5), "hello");
  EXPECT_EQ(**store->read(*digest, 5, 1, 2), "el");
  EXPECT_TRUE(store->expire(hours(1)).ok());
  EXPECT_EQ(store->get(sha256_hex("other"), 5).error().code, error_code::kArtifactGone);
  EXPECT_TRUE(faults.counts().empty());

  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) std::ofstream(entry.path(), std::ios::trunc) << "HELLO";
  EXPECT_EQ(store->get(*digest, 5).error().code, error_code::kArtifactStoreFailed);
  ASSERT_EQ(faults.counts().size(), 1U);
  EXPECT_EQ(faults.counts().front().name, "artifact_store");
  EXPECT_TRUE(store->remove(*digest).ok());
  EXPECT_EQ(store->get(*digest, 5).error().code, error_code::kArtifactGone);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace shunt::generation
