#include "media_type.hpp"

#include <gtest/gtest.h>

#include "representation.hpp"

namespace shunt::api {
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

struct Negotiation {
  const char* accept;
  std::vector<std::string> produces;
  std::optional<Representation> chosen;
};

class ChooseRepresentation : public testing::TestWithParam<Negotiation> {};

TEST_P(ChooseRepresentation, PicksWhatTheClientPrefers) {
  const Negotiation& row = GetParam();
  EXPECT_EQ(choose_representation(AcceptList(row.accept), row.produces), row.chosen) << row.accept;
}

constexpr auto kRecord = Representation::kRecord;
constexpr auto kStream = Representation::kEventStream;
constexpr auto kArtifact = Representation::kArtifact;
constexpr auto kText = Representation::kText;

INSTANTIATE_TEST_SUITE_P(
    Table, ChooseRepresentation,
    testing::Values(Negotiation{"", {}, kRecord}, Negotiation{"*/*", {"audio/wav"}, kRecord},
                    Negotiation{"application/json", {"audio/wav"}, kRecord},
                    Negotiation{"application/*", {}, kRecord}, Negotiation{"text/event-stream", {}, kStream},
                    Negotiation{"application/json, text/event-stream", {}, kRecord},
                    Negotiation{"application/json;q=0.5, text/event-stream", {}, kStream},
                    Negotiation{"audio/wav", {}, kArtifact},
                    Negotiation{"audio/wav", {"audio/wav"}, kArtifact},
                    Negotiation{"audio/*", {"audio/wav"}, kArtifact},
                    Negotiation{"audio/wav, */*;q=0.1", {"audio/wav"}, kArtifact},
                    Negotiation{"audio/wav, */*", {"audio/wav"}, kArtifact},
                    Negotiation{"audio/ogg", {"audio/wav"}, std::nullopt},
                    Negotiation{"audio/ogg, application/json;q=0.2", {"audio/wav"}, kRecord},
                    Negotiation{"text/plain", {}, kText}, Negotiation{"text/plain", {"text/plain"}, kText},
                    Negotiation{"text/plain", {"audio/wav"}, std::nullopt}, Negotiation{"text/*", {}, kText},
                    Negotiation{"application/json;q=0", {"audio/wav"}, std::nullopt},
                    Negotiation{"image/png;q=0.2, application/json;q=0.1", {}, kArtifact}));

Artifact artifact(const char* name, const char* media_type) {
  return {name, media_type, std::make_shared<const std::string>("x")};
}

TEST(ChooseArtifact, TakesTheBestFitAndTheFirstOfEquals) {
  const std::vector<Artifact> artifacts = {artifact("a", "image/png"), artifact("b", "audio/wav"),
                                           artifact("c", "audio/ogg")};
  const auto chosen = [&](const char* accept) {
    const Artifact* const found = choose_artifact(AcceptList(accept), artifacts);
    return found == nullptr ? std::string("none") : found->name;
  };
  EXPECT_EQ(chosen("audio/*"), "b");
  EXPECT_EQ(chosen("audio/*;q=0.5, audio/ogg"), "c");
  EXPECT_EQ(chosen("video/mp4"), "none");
  EXPECT_EQ(chosen("*/*"), "none") << "asks for no artifact in particular";
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
}  // namespace shunt::api
