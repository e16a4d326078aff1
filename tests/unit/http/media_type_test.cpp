#include "shunt/http/media_type.hpp"

#include <gtest/gtest.h>

namespace shunt::http {
namespace {

TEST(AcceptList, TheMostExactRangeDecidesTheQuality) {
  const AcceptList accept("text/*;q=0.3, text/plain;q=0.7, */*;q=0.1");
  EXPECT_EQ(accept.fit("text/plain").quality, 700);
  EXPECT_EQ(accept.fit("text/html").quality, 300);
  EXPECT_EQ(accept.fit("audio/wav").quality, 100);
}

TEST(AcceptList, ZeroQualityForbids) {
  const AcceptList accept("audio/wav;q=0, audio/*");
  EXPECT_FALSE(accept.fit("audio/wav").acceptable());
  EXPECT_TRUE(accept.fit("audio/ogg").acceptable());
  EXPECT_FALSE(accept.fit("image/png").acceptable());
}

TEST(AcceptList, ElementsThatCannotBeReadAreLeftOut) {
  EXPECT_TRUE(AcceptList("garbage, , ;q=1, */wav").fit("audio/wav").acceptable())
      << "nothing is left: anything goes";
  const AcceptList accept("audio/wav;q=7, image/png");
  EXPECT_FALSE(accept.fit("audio/wav").acceptable());
  EXPECT_TRUE(accept.fit("image/png").acceptable());
}

TEST(AcceptList, TypesAreComparedIgnoringCaseAndParameters) {
  EXPECT_TRUE(AcceptList("Audio/WAV; codec=pcm").fit("audio/wav; rate=8000").acceptable());
}

TEST(IsJson, KnowsJsonAndItsRelatives) {
  for (const char* yes :
       {"application/json", "Application/JSON; charset=utf-8", "application/problem+json"}) {
    EXPECT_TRUE(is_json(yes)) << yes;
  }
  for (const char* no :
       {"text/json", "application/x-www-form-urlencoded", "application/jsonp", "+json", ""}) {
    EXPECT_FALSE(is_json(no)) << no;
  }
}

}  // namespace
}  // namespace shunt::http
