#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <vector>

#include "shunt/base/digest.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::milliseconds;

class DirectoryArtifactStore : public ::testing::Test {
 protected:
  DirectoryArtifactStore() {
    std::string pattern = (fs::temp_directory_path() / "shunt-store-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    store_ = open(folder_ / "deep/er");
  }
  ~DirectoryArtifactStore() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  static std::unique_ptr<ArtifactStore> open(const fs::path& folder) {
    auto opened = make_directory_artifact_store(folder);
    EXPECT_TRUE(opened.ok());
    return std::move(*opened);
  }
  [[nodiscard]] std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) found.push_back(entry.path());
    }
    return found;
  }
  void make_old(const fs::path& file) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - hours(2));
  }
  std::size_t expire_all(milliseconds age) {
    std::size_t removed = 0;
    for (int part = 0; part < 16; ++part) removed += *store_->expire(age);
    return removed;
  }

  fs::path folder_;
  std::unique_ptr<ArtifactStore> store_;
};

TEST_F(DirectoryArtifactStore, GivesBackWhatItWasGivenByItsDigest) {
  for (const std::string& bytes : {std::string("hello"), std::string(), std::string("a\0b", 3)}) {
    const auto digest = store_->put(bytes);
    ASSERT_TRUE(digest.ok());
    EXPECT_EQ(*digest, sha256_hex(bytes));
    EXPECT_EQ(**store_->get(*digest, bytes.size()), bytes);
  }
}

TEST_F(DirectoryArtifactStore, KeepsTheSameBytesOnceAndAnotherProcessFindsThem) {
  const auto digest = store_->put("hello");
  ASSERT_TRUE(store_->put("hello").ok());
  EXPECT_EQ(files().size(), 1U);
  EXPECT_EQ(**open(folder_ / "deep/er")->get(*digest, 5), "hello");
}

TEST_F(DirectoryArtifactStore, TwoWritersOfTheSameBytesDoNotDisturbEachOther) {
  const std::string bytes(1'000'000, 'x');
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      const auto own = open(folder_ / "deep/er");
      for (int n = 0; n < 10; ++n) EXPECT_TRUE(own->put(bytes).ok());
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(files().size(), 1U);
  EXPECT_EQ(**store_->get(sha256_hex(bytes), bytes.size()), bytes);
}

TEST_F(DirectoryArtifactStore, ReadsAPartOfWhatHasTheSizeThatItIsSaidToHave) {
  const auto digest = store_->put("0123456789");
  ASSERT_TRUE(digest.ok()) << digest.error().message;
  EXPECT_EQ(**store_->read(*digest, 10, 3, 4), "3456");
  EXPECT_EQ(**store_->read(*digest, 10, 10, 0), "");
  for (const std::size_t said : {std::size_t{0}, std::size_t{9}, std::size_t{3'000'000}, ~std::size_t{0}}) {
    const auto read = store_->read(*digest, said, 0, std::min<std::size_t>(said, 5));
    ASSERT_FALSE(read.ok()) << said;
    EXPECT_EQ(read.error().code, "artifact_store_failed");
  }
  EXPECT_FALSE(store_->read(*digest, 10, 8, 3).ok());
}

TEST_F(DirectoryArtifactStore, AChangedFileIsAFailureAndNeverOtherBytes) {
  const auto digest = store_->put("hello");
  std::ofstream(files().at(0)) << "jello";
  const Error error = store_->get(*digest, 5).error();
  EXPECT_EQ(error.code, error_code::kArtifactStoreFailed);
  EXPECT_THAT(error.message, ::testing::HasSubstr("digest"));
}

TEST_F(DirectoryArtifactStore, WhatIsNotThereIsGone) {
  EXPECT_EQ(store_->get(sha256_hex("never"), 5).error().code, error_code::kArtifactGone);
  EXPECT_EQ(store_->get("../../etc/passwd", 5).error().code, error_code::kArtifactGone);
}

TEST_F(DirectoryArtifactStore, RemovesTheOldAndWhatAWriterLeftBehind) {
  const auto old = store_->put("old");
  const fs::path left = files().at(0).parent_path() / ".new-1-1";
  std::ofstream(left) << "half";
  for (const fs::path& file : files()) make_old(file);
  const auto young = store_->put("young");
  EXPECT_EQ(expire_all(hours(1)), 2U);
  EXPECT_EQ(store_->get(*old, 3).error().code, error_code::kArtifactGone);
  EXPECT_EQ(**store_->get(*young, 5), "young");
}

TEST_F(DirectoryArtifactStore, StoredAgainIsYoungAgain) {
  const auto digest = store_->put("hello");
  make_old(files().at(0));
  ASSERT_TRUE(store_->put("hello").ok());
  EXPECT_EQ(expire_all(hours(1)), 0U);
  EXPECT_TRUE(store_->get(*digest, 5).ok());
}

TEST_F(DirectoryArtifactStore, AFolderThatWentAwayIsMadeAgainByTheNextPut) {
  fs::remove_all(folder_ / "deep");
  const auto digest = store_->put("hello");
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(**store_->get(*digest, 5), "hello");
}

TEST_F(DirectoryArtifactStore, AFolderThatIsAFileIsRefused) {
  std::ofstream(folder_ / "file") << "x";
  EXPECT_EQ(make_directory_artifact_store(folder_ / "file/below").error().code,
            error_code::kArtifactStoreFailed);
}

TEST_F(DirectoryArtifactStore, AFileThatCannotBeMadeIsAFailureAndLeavesNothing) {
  const std::string bytes = "hello";
  const std::string shelf = sha256_hex(bytes).substr(0, 2);
  fs::remove_all(folder_ / "deep/er" / shelf);
  std::ofstream(folder_ / "deep/er" / shelf) << "in the way";
  const Error error = store_->put(bytes).error();
  EXPECT_EQ(error.code, error_code::kArtifactStoreFailed);
  EXPECT_TRUE(error.is_retryable());
  EXPECT_EQ(files().size(), 1U);
}

}  // namespace
}  // namespace shunt::generation
