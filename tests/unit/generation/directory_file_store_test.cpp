#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "shunt/base/digest.hpp"
#include "shunt/base/random.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::generation {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr WallTime kNow{milliseconds(1'800'000'000'000)};

class DirectoryFileStoreTest : public testing::Test {
 protected:
  ~DirectoryFileStoreTest() override { fs::remove_all(folder_); }

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
  // Everything that is stored; locks are no part of any file.
  [[nodiscard]] std::size_t files_left() const {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      count += entry.is_regular_file() && entry.path().filename() != "lock" ? 1U : 0U;
    }
    return count;
  }

  const fs::path folder_ = fs::temp_directory_path() / ("shunt-files-" + random_name());
  const std::unique_ptr<FileStore> store_ = make_directory_file_store(folder_);
};

TEST_F(DirectoryFileStoreTest, MakesItsFolderWithTheFirstUploadOnly) {
  EXPECT_TRUE(store_->list("", kNow)->empty());
  EXPECT_FALSE(*store_->remove("", "file-" + std::string(32, '0')));
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(DirectoryFileStoreTest, NobodyElseOnTheMachineReadsIt) {
  ASSERT_TRUE(keep("hello").ok());
  EXPECT_EQ(fs::status(folder_).permissions(), fs::perms::owner_all);
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    const auto others = fs::perms::group_all | fs::perms::others_all;
    EXPECT_EQ(entry.status().permissions() & others, fs::perms::none) << entry.path();
  }
}

TEST_F(DirectoryFileStoreTest, ALinkOrAPipeInPlaceOfBytesIsNotRead) {
  const auto kept = keep("hello");
  ASSERT_TRUE(kept.ok());
  const fs::path data = folder_ / "objects" / kept->sha256.substr(0, 2) / kept->sha256 / "data";
  const fs::path secret = folder_ / "secret";
  std::ofstream(secret) << "token";
  fs::remove(data);
  fs::create_symlink(secret, data);
  EXPECT_EQ(bytes_of(*kept), "file_store_failed");
  fs::remove(data);
  ASSERT_EQ(::mkfifo(data.c_str(), 0600), 0);
  EXPECT_EQ(bytes_of(*kept), "file_store_failed");
}

TEST_F(DirectoryFileStoreTest, WhatCannotBeCountedIsNotWithinAQuota) {
  const std::string digest = sha256_hex("key:a");
  fs::create_directories(folder_ / "callers" / digest.substr(0, 2));
  std::ofstream(folder_ / "callers" / digest.substr(0, 2) / digest) << "no folder";
  EXPECT_EQ(store_->list("key:a", kNow).error().code, "file_store_failed");
  EXPECT_EQ(keep("hello").error().code, "file_store_failed");
  EXPECT_TRUE(keep("hello", "key:b").ok());
}

}  // namespace
}  // namespace shunt::generation
