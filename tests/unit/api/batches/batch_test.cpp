#include "batches/batch.hpp"

#include <gtest/gtest.h>

#include "batches/batch_object.hpp"
#include "batches/batch_record.hpp"
#include "batches/room_for_lines.hpp"

namespace shunt::api::batches {
namespace {

using enum BatchStatus;

constexpr WallTime kNow{std::chrono::milliseconds(1'795'876'800'000)};

Batch batch_of(BatchStatus status) {
  Batch batch;
  batch.id = "batch_" + std::string(32, 'a');
  batch.caller = "key:ann";
  batch.endpoint = "/v1/embeddings";
  batch.input_file_id = "file-" + std::string(32, 'b');
  batch.input_sha256 = std::string(64, 'c');
  batch.input_bytes = 10;
  batch.metadata = {{"a", "b"}};
  batch.status = status;
  batch.created_at = kNow;
  batch.expires_at = kNow + std::chrono::hours(24);
  if (is_ended(status)) batch.ended_at = kNow;
  return batch;
}

struct Change {
  BatchStatus from;
  BatchEvent event;
  std::optional<BatchStatus> to;  // nullopt: it cannot happen
};

TEST(Batch, GoesFromOneStateToTheNextAndNeverOutOfItsEnd) {
  const std::vector<Change> changes{
      {kValidating, BatchEvent::kValidated, kInProgress},
      {kValidating, BatchEvent::kRefused, kFailed},
      {kValidating, BatchEvent::kAllLinesEnded, std::nullopt},
      {kValidating, BatchEvent::kCancelAsked, kCancelling},
      {kValidating, BatchEvent::kFilesMade, std::nullopt},
      {kValidating, BatchEvent::kFilesMadeLate, kExpired},
      {kInProgress, BatchEvent::kValidated, std::nullopt},
      {kInProgress, BatchEvent::kRefused, std::nullopt},
      {kInProgress, BatchEvent::kAllLinesEnded, kFinalizing},
      {kInProgress, BatchEvent::kCancelAsked, kCancelling},
      {kInProgress, BatchEvent::kFilesMade, std::nullopt},
      {kInProgress, BatchEvent::kFilesMadeLate, kExpired},
      {kFinalizing, BatchEvent::kCancelAsked, std::nullopt},
      {kFinalizing, BatchEvent::kFilesMade, kCompleted},
      {kFinalizing, BatchEvent::kFilesMadeLate, std::nullopt},
      {kCancelling, BatchEvent::kCancelAsked, std::nullopt},
      {kCancelling, BatchEvent::kAllLinesEnded, std::nullopt},
      {kCancelling, BatchEvent::kFilesMade, kCancelled},
      {kCancelling, BatchEvent::kFilesMadeLate, std::nullopt},
  };
  for (const Change& change : changes) {
    Batch batch = batch_of(change.from);
    EXPECT_EQ(apply(batch, change.event, kNow), change.to.has_value()) << status_name(change.from);
    EXPECT_EQ(batch.status, change.to.value_or(change.from)) << status_name(change.from);
    EXPECT_EQ(batch.ended_at.has_value(), is_ended(batch.status));
  }
  for (const BatchStatus end : {kFailed, kCompleted, kExpired, kCancelled}) {
    for (const auto event : {BatchEvent::kValidated, BatchEvent::kRefused, BatchEvent::kAllLinesEnded,
                             BatchEvent::kCancelAsked, BatchEvent::kFilesMade, BatchEvent::kFilesMadeLate}) {
      Batch batch = batch_of(end);
      EXPECT_FALSE(apply(batch, event, kNow));
      EXPECT_EQ(batch.status, end);
    }
  }
}

TEST(Batch, SaysOnceThatItsInputIsGoneHoweverManyProcessesFindThat) {
  Batch batch = batch_of(kInProgress);
  batch.faults.push_back({.code = "another", .message = "stays"});
  note_input_gone(batch, "first");
  note_input_gone(batch, "second");
  ASSERT_EQ(batch.faults.size(), 2U);
  EXPECT_EQ(batch.faults[1].code, "file_gone");
  EXPECT_EQ(batch.faults[1].message, "first");
  EXPECT_EQ(batch.faults[1].param, "input_file_id");
  auto again = decode_batch(encode_batch(batch));
  ASSERT_TRUE(again) << again.error().message;
  note_input_gone(*again, "third");
  EXPECT_EQ(again->faults.size(), 2U);
}

TEST(RoomForLines, GoesToTheFirstThatWaitsAndToNobodyWhereAllAreAboutToBeStopped) {
  const std::vector<std::uint64_t> waiting{4, 9};
  EXPECT_EQ(line_to_ask_again(waiting, LinesGoOn::kYes), 4U);
  EXPECT_EQ(line_to_ask_again(waiting, LinesGoOn::kNo), std::nullopt);
  EXPECT_EQ(line_to_ask_again({}, LinesGoOn::kYes), std::nullopt);
  EXPECT_EQ(line_to_ask_again({}, LinesGoOn::kNo), std::nullopt);
}

TEST(Batch, WhatIsDoneNextFollowsFromItsStateAndTheTime) {
  const WallTime late = kNow + std::chrono::hours(24);
  const auto next = [](BatchStatus status, WallTime now) { return next_step(batch_of(status), now); };
  EXPECT_EQ(next(kValidating, kNow), NextStep::kValidate);
  EXPECT_EQ(next(kValidating, late), NextStep::kStopExpired);
  EXPECT_EQ(next(kInProgress, late - std::chrono::milliseconds(1)), NextStep::kRunLines);
  EXPECT_EQ(next(kInProgress, late), NextStep::kStopExpired);
  EXPECT_EQ(next(kCancelling, late), NextStep::kStopCancelled);
  EXPECT_EQ(next(kFinalizing, late), NextStep::kMakeFiles);
  for (const BatchStatus end : {kFailed, kCompleted, kExpired, kCancelled})
    EXPECT_EQ(next(end, kNow), NextStep::kNothing);
}

TEST(BatchRecord, IsReadAsItWasWritten) {
  Batch batch = batch_of(kExpired);
  batch.faults = {{.code = "x", .message = "y", .param = "url", .line = 3}, {.code = "z", .message = ""}};
  batch.output_file_id = "file-" + std::string(32, '1');
  batch.counts = {.total = 5, .completed = 3, .failed = 1};
  batch.usage = {.input = 1, .cached = 2, .output = 3, .reasoning = 4};
  batch.output_expires_after_s = 3600;
  batch.in_progress_at = batch.cancelling_at = kNow;
  const std::string text = encode_batch(batch);
  const auto read = decode_batch(text);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(encode_batch(*read), text);
  EXPECT_EQ(read->faults[0].line, 3U);
}

TEST(BatchRecord, IsReadStrictly) {
  const std::string good = encode_batch(batch_of(kInProgress));
  ASSERT_TRUE(decode_batch(good).ok());
  const std::vector<std::pair<std::string, std::string>> lies{
      {"\"v\":1", "\"v\":2"},
      {"batch_aaaa", "batch_../a"},
      {"in_progress", "in_peace"},
      {"in_progress", "completed"},  // which would have an end
      {"\"input_bytes\":10", "\"input_bytes\":-1"},
      {"\"faults\":[]", "\"faults\":{}"},
      {"\"faults\":[]", "\"faults\":[7]"},
      {"\"output_file_id\":\"\"", "\"output_file_id\":\"../../etc\""},
      {"cccccccc", "CCCCCCCC"},
      {"\"metadata\":{", "\"metadata\":["},
  };
  for (const auto& [from, to] : lies) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto read = decode_batch(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, "file_store_failed");
  }
  for (const char* const text : {"", "[]", "{", "7", "{}"}) EXPECT_FALSE(decode_batch(text).ok()) << text;
}

TEST(BatchObject, HasTheTimeOfTheEndThatItHas) {
  std::string out;
  append_batch_object(out, batch_of(kFailed), false);
  const auto read = parse_json(out);
  ASSERT_TRUE(read.ok()) << out;
  const JsonObject& object = read->as_object();
  EXPECT_EQ(object.at("failed_at").as_int64(), 1'795'876'800);
  for (const char* const none : {"completed_at", "expired_at", "cancelled_at", "errors", "output_file_id"})
    EXPECT_TRUE(object.at(none).is_null()) << none;
  EXPECT_EQ(object.at("completion_window").as_string(), "24h");
}

TEST(BatchObject, IsCancellingAsSoonAsItsCallerWantsIt) {
  std::string out;
  append_batch_object(out, batch_of(kInProgress), true);
  EXPECT_NE(out.find(R"("status":"cancelling")"), std::string::npos);
  out.clear();
  append_batch_object(out, batch_of(kCompleted), true);
  EXPECT_NE(out.find(R"("status":"completed")"), std::string::npos);
}

TEST(BatchObject, APageSaysWhetherThereAreMore) {
  const std::vector<ShownBatch> all{{.batch = batch_of(kFailed)}, {.batch = batch_of(kFailed)}};
  std::string out;
  append_batch_page(out, all, 1);
  EXPECT_NE(out.find(R"("has_more":true)"), std::string::npos);
  out.clear();
  append_batch_page(out, all, 2);
  EXPECT_NE(out.find(R"("has_more":false)"), std::string::npos);
  out.clear();
  append_batch_page(out, {}, 2);
  EXPECT_EQ(out, R"({"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false})");
}

}  // namespace
}  // namespace shunt::api::batches
