#include "s3_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shunt::generation::s3 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Bucket kBucket{"http://box", "box", "shunt-files/", kFiles};

std::string key(const std::string& name) {
  return "<Contents><Key>" + name + "</Key><Size>3</Size></Contents>";
}

Answer answer_of(const std::string& inside, const std::string& truncated = "false") {
  return {.complete = true,
          .status = 200,
          .body = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><IsTruncated>" + truncated +
                  "</IsTruncated>" + inside + "</ListBucketResult>"};
}

Result<NameList> read(const Answer& answer, ListQuestion question = {.prefix = "p/"}) {
  return listed(answer, kBucket, question);
}

TEST(S3List, HasNamesInTheirOrder) {
  const auto list = read(answer_of(key("p/a") + key("p/b"), "true"));
  ASSERT_TRUE(list.ok()) << list.error().message;
  EXPECT_THAT(list->names, ElementsAre("p/a", "p/b"));
  EXPECT_TRUE(list->more);
  EXPECT_THAT(read(answer_of(""))->names, IsEmpty());
  EXPECT_FALSE(read(answer_of(""))->more);
}

TEST(S3List, LeavesOutNamesThatNoneOfOursIs) {
  EXPECT_THAT(read(answer_of(key("p/a") + key("p/ b") + key("p/&lt;x&gt;") + key("p/c")))->names,
              ElementsAre("p/a", "p/c"));
}

TEST(S3List, IsNotBelievedWhereAnyOfItIsNoAnswer) {
  const Answer whole = answer_of(key("p/a"));
  Answer cut = whole;
  cut.body.resize(cut.body.size() - 5);
  for (const Answer& lie :
       {answer_of(key("q/a")), answer_of(key("p/b") + key("p/a")), answer_of(key("p/a") + key("p/a")),
        answer_of(key("p/a"), "perhaps"), answer_of("<IsTruncated>true</IsTruncated>"), answer_of("", "true"),
        answer_of("<Contents><Size>3</Size></Contents>"), answer_of("<Contents><Key>p/a</Key>"),
        answer_of("<Contents><Key>p/a</Key><Key>p/b</Key></Contents>"), answer_of(key("")), cut,
        Answer{.complete = true, .status = 200, .body = "<html></html>"}}) {
    const auto list = read(lie);
    ASSERT_FALSE(list.ok()) << lie.body;
    EXPECT_EQ(list.error().code, "file_store_failed");
    EXPECT_THAT(list.error().message, HasSubstr("answered a list that"));
  }
  EXPECT_FALSE(read(whole, {.prefix = "p/", .after = "p/a"}).ok());
  EXPECT_FALSE(read(answer_of(key("p/a") + key("p/b")), {.prefix = "p/", .most = 1}).ok());
}

TEST(S3List, ThatWasRefusedSaysSo) {
  const Answer refused{.complete = true, .status = 403, .body = "<Error><Code>AccessDenied</Code></Error>"};
  EXPECT_THAT(read(refused).error().message,
              HasSubstr("listing names of a file failed: the bucket answered 403"));
  EXPECT_FALSE(read(refused).error().is_retryable());
  Answer broken = answer_of(key("p/a"));
  broken.complete = false;
  EXPECT_TRUE(read(broken).error().is_retryable());
}

TEST(S3List, IsAskedForInOneForm) {
  EXPECT_EQ(list_query({.prefix = "a/b c", .most = 5}), "list-type=2&max-keys=5&prefix=a%2Fb%20c");
  EXPECT_EQ(list_query({.prefix = "a/", .after = "a/+"}),
            "list-type=2&max-keys=1000&prefix=a%2F&start-after=a%2F%2B");
}

}  // namespace
}  // namespace shunt::generation::s3
