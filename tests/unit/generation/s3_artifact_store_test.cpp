#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shunt/base/digest.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/child_server.hpp"

namespace shunt::generation {
namespace {

using ::testing::HasSubstr;

// The server checks every signature (tests/support/s3_server.py).
class S3ArtifactStore : public ::testing::Test {
 protected:
  static S3Options options(std::string prefix = "shunt/") {
    static const testing::ChildServer server({"/usr/bin/python3", SHUNT_TEST_SUPPORT "/s3_server.py"});
    S3Options made;
    made.endpoint = "http://127.0.0.1:" + std::to_string(server.port());
    made.bucket = "box";
    made.prefix = std::move(prefix);
    made.access_key = "access";
    made.secret_key = "secret";
    return made;
  }
  static std::unique_ptr<ArtifactStore> store(S3Options made) {
    auto opened = make_s3_artifact_store(std::move(made));
    EXPECT_TRUE(opened.ok());
    return std::move(*opened);
  }
};

TEST_F(S3ArtifactStore, GivesBackWhatItWasGiven) {
  const auto subject = store(options());
  std::string large(3'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7);
  for (const std::string& bytes : {std::string("hello"), std::string(), std::string("a\0b", 3), large}) {
    const auto digest = subject->put(bytes);
    ASSERT_TRUE(digest.ok()) << digest.error().message;
    EXPECT_EQ(*digest, sha256_hex(bytes));
    const auto found = subject->get(*digest, bytes.size());
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(**found, bytes);
  }
}

TEST_F(S3ArtifactStore, ReadsAPartOfWhatHasTheSizeThatItIsSaidToHave) {
  const auto subject = store(options("parts/"));
  const auto digest = subject->put("0123456789");
  ASSERT_TRUE(digest.ok()) << digest.error().message;
  const auto part = subject->read(*digest, 10, 3, 4);
  ASSERT_TRUE(part.ok()) << part.error().message;
  EXPECT_EQ(**part, "3456");
  EXPECT_EQ(**subject->read(*digest, 10, 0, 10), "0123456789");
  EXPECT_EQ(**subject->read(*digest, 10, 0, 0), "");
  const auto nothing = subject->put("");
  ASSERT_TRUE(nothing.ok()) << nothing.error().message;
  EXPECT_EQ(**subject->read(*nothing, 0, 0, 0), "");
  for (const std::size_t said : {std::size_t{0}, std::size_t{9}, std::size_t{3'000'000}}) {
    const auto read = subject->read(*digest, said, 0, std::min<std::size_t>(said, 5));
    ASSERT_FALSE(read.ok()) << said;
    EXPECT_EQ(read.error().code, "artifact_store_failed");
  }
}

TEST_F(S3ArtifactStore, AnswersGoneForWhatItDoesNotHave) {
  EXPECT_EQ(store(options())->get(sha256_hex("never stored"), 5).error().code, error_code::kArtifactGone);
}

TEST_F(S3ArtifactStore, ARefusedRequestFailsAtOnceWithTheServersWord) {
  S3Options wrong = options();
  wrong.secret_key = "not the secret";
  const Error signature = store(std::move(wrong))->put("x").error();
  EXPECT_EQ(signature.code, error_code::kArtifactStoreFailed);
  EXPECT_FALSE(signature.is_retryable());
  EXPECT_THAT(signature.message, HasSubstr("403 (SignatureDoesNotMatch)"));
  EXPECT_THAT(signature.message, ::testing::Not(HasSubstr("not the secret")));
  EXPECT_THAT(store(options("fault-403/"))->put("x").error().message, HasSubstr("AccessDenied"));
}

TEST_F(S3ArtifactStore, AMissingBucketIsNoMissingArtifact) {
  S3Options elsewhere = options();
  elsewhere.bucket = "another";
  EXPECT_EQ(store(std::move(elsewhere))->get(sha256_hex("x"), 1).error().code,
            error_code::kArtifactStoreFailed);
}

TEST_F(S3ArtifactStore, AServerThatFailsTwiceIsAskedAThirdTime) {
  const auto subject = store(options("fault-twice/"));
  const auto digest = subject->put("third time lucky");
  ASSERT_TRUE(digest.ok()) << digest.error().message;
  EXPECT_EQ(**subject->get(*digest, 16), "third time lucky");
}

TEST_F(S3ArtifactStore, AServerThatKeepsFailingIsAFailureThatMayPass) {
  const Error error = store(options("fault-500/"))->put("x").error();
  EXPECT_EQ(error.code, error_code::kArtifactStoreFailed);
  EXPECT_TRUE(error.is_retryable());
}

TEST_F(S3ArtifactStore, AServerThatDoesNotAnswerIsGivenUp) {
  S3Options impatient = options("fault-hang/");
  impatient.request_timeout = std::chrono::milliseconds(200);
  impatient.tries = 2;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(store(std::move(impatient))->put("x").error().is_retryable());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST_F(S3ArtifactStore, NobodyListeningIsAFailureThatMayPass) {
  S3Options nobody = options();
  nobody.endpoint = "http://127.0.0.1:1";
  nobody.tries = 1;
  EXPECT_TRUE(store(std::move(nobody))->get(sha256_hex("x"), 1).error().is_retryable());
}

TEST_F(S3ArtifactStore, ACutAnswerIsNeverTakenForTheBytes) {
  S3Options once = options("fault-cut/");
  once.tries = 2;
  const auto subject = store(std::move(once));
  const auto digest = subject->put(std::string(10'000, 'x'));
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(subject->get(*digest, 10'000).error().code, error_code::kArtifactStoreFailed);
}

TEST_F(S3ArtifactStore, OtherBytesAreNeverTakenForTheBytes) {
  const auto subject = store(options("fault-other/"));
  const auto digest = subject->put("nothing else!!");
  ASSERT_TRUE(digest.ok());
  EXPECT_THAT(subject->get(*digest, 14).error().message, HasSubstr("does not have the digest"));
  EXPECT_THAT(log_text(subject->get(*digest, 5).error()), HasSubstr("more bytes came than were asked for"));
}

TEST_F(S3ArtifactStore, OptionsThatCannotBeMeantAreRefused) {
  const auto mistake = [](auto change) {
    S3Options made = options();
    change(made);
    const auto opened = make_s3_artifact_store(std::move(made));
    return opened.ok() ? std::string() : opened.error().message;
  };
  EXPECT_THAT(mistake([](S3Options& o) { o.endpoint = "box.example"; }), HasSubstr("artifacts.s3.endpoint"));
  EXPECT_THAT(mistake([](S3Options& o) { o.bucket = "a/b"; }), HasSubstr("artifacts.s3.bucket"));
  EXPECT_THAT(mistake([](S3Options& o) { o.prefix = "a b"; }), HasSubstr("artifacts.s3.prefix"));
  EXPECT_THAT(mistake([](S3Options& o) { o.secret_key = ""; }), HasSubstr("secret key"));
}

}  // namespace
}  // namespace shunt::generation
