#include "batches/batch_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "batches/batch_progress.hpp"
#include "batches/line_result.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/random.hpp"

namespace shunt::api::batches {
namespace {

namespace fs = std::filesystem;

constexpr WallTime kNow{std::chrono::milliseconds(1'795'876'800'000)};

class BatchFolderTest : public ::testing::Test {
 protected:
  BatchFolderTest() : path_(fs::temp_directory_path() / ("shunt-batches-" + random_name())) {}
  ~BatchFolderTest() override { fs::remove_all(path_); }

  Batch add(const std::string& caller, WallTime at = kNow) {
    Batch batch;
    batch.id = "batch_" + random_name();
    batch.caller = caller;
    batch.endpoint = "/v1/embeddings";
    batch.input_sha256 = std::string(64, 'c');
    batch.created_at = at;
    batch.expires_at = at + std::chrono::hours(24);
    const auto added = folder_.add(batch, quota_);
    EXPECT_TRUE(added.ok() && *added);
    return batch;
  }

  std::optional<BatchPlace> claim(const Batch& batch) {
    auto place = folder_.claim({.caller_digest = sha256_hex(batch.caller), .id = batch.id});
    EXPECT_TRUE(place.ok());
    return std::move(*place);
  }

  void end(Batch batch, WallTime at) {
    auto place = claim(batch);
    ASSERT_TRUE(place.has_value());
    batch.status = BatchStatus::kCompleted;
    batch.ended_at = at;
    ASSERT_TRUE(place->save(batch).ok());
    place->clear();
  }

  static BatchListQuery all(WallTime oldest_end = kNow) { return {.oldest_end = oldest_end, .most = 100}; }

  static std::string result_of(const Batch& batch, std::uint64_t line) {
    std::string text;
    LineResult result{.line = line, .custom_id = "a"};
    result.answer = {.status = 200, .request_id = "g", .body = R"({"usage":{"prompt_tokens":1}})"};
    append_line_result(text, batch.id, result);
    return text;
  }

  static ProgressReader progress_of(BatchPlace& place, const Batch& batch) {
    ProgressReader reader(batch.id, "me");
    while (true) {
      const auto read = reader.read_some(place);
      EXPECT_TRUE(read.ok());
      if (!read || *read) return reader;
    }
  }

  const fs::path path_;
  BatchQuota quota_{};
  FaultLog faults_;
  BatchFolder folder_{path_, &faults_};
};

TEST_F(BatchFolderTest, ABatchIsItsCallersAlone) {
  const Batch batch = add("key:ann");
  EXPECT_TRUE(folder_.find("key:ann", batch.id)->has_value());
  EXPECT_FALSE(folder_.find("key:bob", batch.id)->has_value());
  EXPECT_FALSE(folder_.find("key:ann", "../" + batch.id)->has_value());
  EXPECT_EQ(folder_.list("key:ann", all()).size(), 1U);
  EXPECT_TRUE(folder_.list("key:bob", all()).empty());
}

TEST_F(BatchFolderTest, OneProcessRunsABatchUntilItLetsGo) {
  const Batch batch = add("");
  ASSERT_EQ(folder_.open().size(), 1U);
  auto held = claim(batch);
  ASSERT_TRUE(held.has_value());
  EXPECT_FALSE(claim(batch).has_value());
  held.reset();
  EXPECT_TRUE(claim(batch).has_value());
}

TEST_F(BatchFolderTest, WhatHasEndedIsShownAndNotOpen) {
  const Batch batch = add("");
  end(batch, kNow);
  EXPECT_TRUE(folder_.open().empty());
  EXPECT_EQ((*folder_.find("", batch.id))->batch.status, BatchStatus::kCompleted);
  EXPECT_TRUE(folder_.list("", all(kNow + std::chrono::milliseconds(1))).empty());
}

TEST_F(BatchFolderTest, ACallerHasSoManyOpenAndLeavesRoomForOthers) {
  quota_.max_open = 2;
  const Batch first = add("a");
  add("a");
  Batch third = first;
  third.id = "batch_" + random_name();
  EXPECT_EQ(folder_.add(third, quota_).error().code, "too_many_concurrent");
  add("b");
  end(first, kNow);
  EXPECT_TRUE(*folder_.add(third, quota_));
  EXPECT_FALSE(*folder_.add(third, quota_));
}

TEST_F(BatchFolderTest, AreListedNewestFirst) {
  const Batch old = add("");
  const Batch fresh = add("", kNow + std::chrono::seconds(1));
  const auto batches = folder_.list("", all());
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[0].batch.id, fresh.id);
  EXPECT_EQ(batches[1].batch.id, old.id);
}

TEST_F(BatchFolderTest, APieceOfTheListIsWhatWasAskedFor) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(add("", kNow + std::chrono::seconds(i * 3 % 7)).id);
  std::vector<std::string> seen;
  std::optional<BatchRank> after;
  for (;;) {
    const auto piece = folder_.list("", {.oldest_end = kNow, .after = after, .most = 3});
    EXPECT_LE(piece.size(), 3U);
    for (const ShownBatch& each : piece) seen.push_back(each.batch.id);
    if (piece.empty()) break;
    after = rank_of(piece.back().batch);
  }
  const auto whole = folder_.list("", all());
  ASSERT_EQ(seen.size(), ids.size());
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], whole[i].batch.id);
}

TEST_F(BatchFolderTest, WhatEndedLongAgoGoes) {
  const Batch old = add("");
  const Batch fresh = add("");
  end(old, kNow);
  end(fresh, kNow + std::chrono::hours(2));
  EXPECT_EQ(folder_.remove_ended_before(kNow + std::chrono::hours(1)), 1U);
  EXPECT_FALSE(folder_.find("", old.id)->has_value());
  EXPECT_TRUE(folder_.find("", fresh.id)->has_value());
}

TEST_F(BatchFolderTest, ToCancelIsToLeaveWordForWhoeverRunsIt) {
  const Batch batch = add("");
  auto place = claim(batch);
  EXPECT_FALSE(place->cancel_asked());
  ASSERT_TRUE(folder_.ask_cancel("", batch.id).ok());
  EXPECT_TRUE(place->cancel_asked());
  EXPECT_TRUE((*folder_.find("", batch.id))->cancel_asked);
}

TEST_F(BatchFolderTest, ResultsAreFoundAgainAndATornEndIsCutOff) {
  const Batch batch = add("");
  {
    auto place = claim(batch);
    const std::string torn = result_of(batch, 9).substr(0, 40);
    ASSERT_TRUE(place->append(WorkFile::kOutput, result_of(batch, 1) + result_of(batch, 3) + torn).ok());
    ASSERT_TRUE(place->append(WorkFile::kErrors, result_of(batch, 2) + result_of(batch, 2)).ok());
    ASSERT_TRUE(
        place->append(WorkFile::kStarted, begun_text(4, "other") + begun_text(5, "me") + "0000").ok());
  }
  auto place = claim(batch);
  ProgressReader progress = progress_of(*place, batch);
  for (const std::uint64_t line : {1U, 2U, 3U}) EXPECT_TRUE(progress.ended().has(line));
  EXPECT_FALSE(progress.ended().has(9));
  EXPECT_EQ(progress.counts().completed, 2U);
  EXPECT_EQ(progress.counts().failed, 1U);
  EXPECT_EQ(progress.usage().input, 3U);
  EXPECT_TRUE(progress.begun().has(4));
  EXPECT_FALSE(progress.begun().has(5));
  EXPECT_EQ(*place->size(WorkFile::kOutput), result_of(batch, 1).size() * 2);
  ASSERT_TRUE(place->append(WorkFile::kOutput, result_of(batch, 9)).ok());
  EXPECT_TRUE(progress_of(*place, batch).ended().has(9));
}

TEST_F(BatchFolderTest, WhatOthersHaveLeftThereHarmsNobody) {
  const Batch batch = add("");
  std::ofstream(path_ / "open" / "nonsense") << "x";
  std::ofstream(path_ / "open" / (std::string(64, 'a') + "." + batch.id)) << "x";
  fs::create_symlink("/etc/passwd", path_ / sha256_hex("") / batch.id / "output.jsonl");
  for (const OpenBatch& each : folder_.open()) EXPECT_TRUE(folder_.claim(each).ok());
  EXPECT_EQ(folder_.open().size(), 2U);
  auto place = claim(batch);
  EXPECT_FALSE(place->append(WorkFile::kOutput, "x").ok());
  std::ofstream(path_ / sha256_hex("") / batch.id / "batch.json") << "{}";
  EXPECT_TRUE(faults_.counts().empty());
  EXPECT_EQ(folder_.find("", batch.id).error().code, "file_store_failed");
  EXPECT_TRUE(folder_.list("", all()).empty());
  // Whoever runs it hears of both: a list says nothing of what it leaves out.
  ASSERT_EQ(faults_.counts().size(), 1U);
  EXPECT_EQ(faults_.counts().front().name, "batch_folder");
  EXPECT_EQ(faults_.counts().front().count, 2U);
}

}  // namespace
}  // namespace shunt::api::batches
