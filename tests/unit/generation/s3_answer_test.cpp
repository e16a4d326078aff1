#include "s3_answer.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::s3 {
namespace {

const Bucket kBucket{"http://box", "box", "shunt/"};
const std::string kDigest(64, 'a');

Answer answer_of(long status, std::string body, std::string content_range = {}) {
  Answer answer;
  answer.complete = true;
  answer.status = status;
  answer.content_length = body.size();
  answer.body = std::move(body);
  answer.content_range = std::move(content_range);
  return answer;
}

TEST(S3Answer, ReadsContentRangesThatCanBe) {
  EXPECT_EQ(parse_content_range("bytes 3-6/10"), (ContentRange{3, 6, 10}));
  EXPECT_EQ(parse_content_range("Bytes 0-0/1"), (ContentRange{0, 0, 1}));
  for (const char* wrong :
       {"", "bytes", "bytes 3-6", "bytes 3-6/", "bytes 3-6/*", "bytes */10", "bytes 6-3/10", "bytes 3-10/10",
        "bytes 3-6/10abc", "bytes 3-6/99999999999999999999", "items 3-6/10", "bytes  3-6/10", "bytes -1-6/10",
        "bytes=3-6/10", "/", "10"}) {
    EXPECT_EQ(parse_content_range(wrong), std::nullopt) << wrong;
  }
}

TEST(S3Answer, QuotesNothingOfAnErrorButItsWord) {
  EXPECT_EQ(error_word("<Error><Code>SlowDown</Code></Error>"), "SlowDown");
  for (const std::string& wrong :
       {std::string(), std::string("<Code>"), std::string("<Code>Cut"), std::string("</Code><Code>x"),
        std::string("<Code>\x1b[31m</Code>"), std::string("<Code>\xff</Code>"),
        std::string("<Code>a\nb</Code>"), "<Code>" + std::string(101, 'x') + "</Code>"}) {
    EXPECT_EQ(error_word(wrong), "") << wrong;
  }
  const Error denied = stored(answer_of(403, "<Code>AccessDenied</Code>"), kBucket).error();
  EXPECT_EQ(denied.message, "storing an artifact failed: the bucket answered 403 (AccessDenied)");
  EXPECT_EQ(denied.internal, "http://box, bucket box, prefix shunt/");
  EXPECT_TRUE(denied.details.empty());
  EXPECT_FALSE(denied.is_retryable());
}

TEST(S3Answer, TakesAPartOnlyFromWhereItWasAskedFor) {
  const auto read = [](Answer answer, Part part) {
    return part_of_object(std::move(answer), kBucket, kDigest, part);
  };
  EXPECT_EQ(*read(answer_of(206, "3456", "bytes 3-6/10"), {10, 3, 4}), "3456");
  EXPECT_EQ(*read(answer_of(206, "0", "bytes 0-0/10"), {10, 0, 0}), "");
  EXPECT_EQ(*read(answer_of(200, "01234"), {5, 0, 5}), "01234");
  EXPECT_EQ(*read(answer_of(416, "<Code>InvalidRange</Code>"), {0, 0, 0}), "");
  const struct {
    Answer answer;
    Part part;
  } wrong[] = {
      {answer_of(206, "0123", "bytes 0-3/10"), {10, 3, 4}},   // from elsewhere
      {answer_of(206, "3456", "bytes 3-6/11"), {10, 3, 4}},   // of another object
      {answer_of(206, "34567", "bytes 3-7/10"), {10, 3, 4}},  // more
      {answer_of(206, "345", "bytes 3-6/10"), {10, 3, 4}},    // less than it says
      {answer_of(206, "3456"), {10, 3, 4}},                   // no word of where
      {answer_of(200, "0123456789"), {10, 3, 4}},             // the whole
      {answer_of(200, "01234"), {10, 0, 5}},                  // a smaller whole
      {answer_of(416, ""), {10, 0, 5}},
      {answer_of(204, ""), {0, 0, 0}},
  };
  for (const auto& [answer, part] : wrong) {
    const auto got = read(answer, part);
    ASSERT_FALSE(got.ok()) << answer.status << ' ' << answer.content_range;
    EXPECT_EQ(got.error().code, error_code::kArtifactStoreFailed);
  }
  Answer cut = answer_of(206, "3456", "bytes 3-6/10");
  cut.complete = false;
  cut.problem = "transfer closed\x1b[2J";
  EXPECT_EQ(log_text(read(cut, {10, 3, 4}).error()),
            "reading an artifact failed: the bucket gave no answer (http://box, bucket box, prefix shunt/: "
            "transfer "
            "closed\\x1b[2J)");
}

TEST(S3Answer, IsGoneOnlyWhereTheBucketIsThere) {
  const auto read = [](std::string body) {
    return part_of_object(answer_of(404, std::move(body)), kBucket, kDigest, {}).error().code;
  };
  EXPECT_EQ(read("<Code>NoSuchKey</Code>"), error_code::kArtifactGone);
  EXPECT_EQ(read("<html>"), error_code::kArtifactGone);
  EXPECT_EQ(read("<Code>NoSuchBucket</Code>"), error_code::kArtifactStoreFailed);
  EXPECT_FALSE(removed(answer_of(404, "<Code>NoSuchBucket</Code>"), kBucket).ok());
  EXPECT_TRUE(removed(answer_of(404, "<Code>NoSuchKey</Code>"), kBucket).ok());
}

}  // namespace
}  // namespace shunt::generation::s3
