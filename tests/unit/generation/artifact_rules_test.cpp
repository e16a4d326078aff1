#include "shunt/generation/artifact_rules.hpp"

#include <gtest/gtest.h>

#include <string>

#include "shunt/base/error_code.hpp"
#include "shunt/generation/known_error_code.hpp"

namespace shunt::generation {
namespace {

TEST(ArtifactRules, AMediaTypeCanStandInAHeader) {
  for (const char* good : {"audio/wav", "text/plain; charset=utf-8", "a/b;c=\"d e\"",
                           "application/vnd.x+json", "multipart/x; a=b ; c=d"}) {
    EXPECT_TRUE(is_valid_media_type(good)) << good;
  }
  for (const char* bad :
       {"", "/", "a/", "/b", "wav", "a/b c", "a/b;", "a/b;c", "a/b;c=", "a/b;=d", "a/b\r\nX: y", "a/b;c=\"d",
        "a/b;c=\"d\\\"\"", "a//b", "a/b/c", "\xc3\xa4/b", "a/b ", "*/*\n"}) {
    EXPECT_FALSE(is_valid_media_type(bad)) << bad;
  }
  EXPECT_FALSE(is_valid_media_type("a/" + std::string(254, 'b')));
}

TEST(ArtifactRules, ADigestIsNothingElse) {
  EXPECT_TRUE(is_sha256_hex(std::string(64, 'a')));
  EXPECT_FALSE(is_sha256_hex(std::string(64, 'A')));
  EXPECT_FALSE(is_sha256_hex(std::string(63, 'a')));
  EXPECT_FALSE(is_sha256_hex("../" + std::string(61, 'a')));
  EXPECT_FALSE(is_sha256_hex(""));
}

TEST(ErrorCodes, AreKnownOrNot) {
  EXPECT_TRUE(is_known_error_code("worker_lost"));
  EXPECT_FALSE(is_known_error_code("made_up"));
  EXPECT_TRUE(ErrorCode::parse("made_up_2"));
  for (const char* bad : {"", "Made", "2x", "a b", "a\n", "a-b"}) EXPECT_FALSE(ErrorCode::parse(bad)) << bad;
}

}  // namespace
}  // namespace shunt::generation
